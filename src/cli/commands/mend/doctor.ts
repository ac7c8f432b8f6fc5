import type { CommandDeclaration } from '../../command.js';

export const doctor: CommandDeclaration = {
  name: 'doctor',
  group: 'mend',
  brief: 'what is missing on this host, and how to fix it',
  summary: 'Show what is missing on this host, each with the command that fixes it. Exit code 1 if VMs can not run.',
  words: [],
  options: {
    binary: {
      type: 'string',
      describe: 'The QEMU to check (default qemu-system-x86_64)',
      argument: 'FILE',
      path: 'or-name',
    },
  },
  examples: [
    ['qplug doctor', 'before the first VM'],
    ['qplug doctor --binary qemu-system-aarch64', 'for another QEMU'],
  ],
  documents: ['doctor'],
  load: () => import('../../handlers/mend/doctor.js'),
};
