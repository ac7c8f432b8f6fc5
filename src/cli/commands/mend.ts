import type { CommandDeclaration } from '../command.js';

export const mend: CommandDeclaration = {
  name: 'mend',
  group: 'mend',
  brief: 'mend what killed processes left',
  summary:
    'Undo or finish what a killed qplug had begun, and give devices back to the host whose VM is gone. Every other command does that first as well. With --after it waits until a VM has ended, however it ends; qplug run --detach leaves one such behind.',
  words: [],
  options: {
    after: { type: 'string', describe: 'Wait until this VM has ended', argument: 'VM' },
  },
  examples: [
    ['qplug mend', 'now'],
    ['qplug mend --after bench', 'as soon as the VM called bench has ended'],
  ],
  load: () => import('../handlers/mend.js'),
};
