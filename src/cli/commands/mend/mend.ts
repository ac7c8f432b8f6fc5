import type { CommandDeclaration } from '../../command.js';

export const mend: CommandDeclaration = {
  name: 'mend',
  group: 'mend',
  brief: 'clean up after killed processes',
  summary:
    'Undo or finish what a killed qplug had begun, and return the devices of ended VMs to the host. Every other command does this first. With --after: wait until a VM has ended, however it ends; qplug run --detach leaves such a process behind.',
  words: [],
  options: {
    after: { type: 'string', describe: 'Wait until this VM has ended', argument: 'VM', path: 'or-name' },
  },
  examples: [
    ['qplug mend', 'now'],
    ['qplug mend --after bench', 'as soon as the VM called bench has ended'],
  ],
  documents: ['mend'],
  load: () => import('../../handlers/mend/mend.js'),
};
