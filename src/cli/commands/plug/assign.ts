import type { CommandDeclaration } from '../../command.js';
import { CONTROLLER, PORT, SLOWER } from '../shared/option-declarations.js';
import { LASTING_SELECTORS, VM_NAME } from '../shared/word-declarations.js';

export const assign: CommandDeclaration = {
  name: 'assign',
  group: 'plug',
  brief: 'say which devices belong to a VM, from now on',
  summary:
    'Record that host devices belong to a VM, whether either is there now or not, until qplug unassign. The agent (qplug agent) carries it out. The same selector again replaces the options.',
  words: [VM_NAME, LASTING_SELECTORS],
  options: {
    controller: CONTROLLER,
    port: PORT,
    slower: SLOWER,
    also: {
      type: 'string',
      many: true,
      describe: 'What the device may change into on its connector: 0483:df11, 2e8a:* or class=fe0102 (may be repeated)',
      argument: 'ID',
    },
    hold: {
      type: 'number',
      describe:
        "Give the VM what appears at the device's connector within S seconds after it has gone: 1 to 3600 (default 30)",
      argument: 'S',
    },
    ask: { type: 'boolean', describe: 'Only say that the device is there; a person attaches it' },
  },
  examples: [
    ['qplug assign bench 0781:5567', 'this stick'],
    ['qplug assign bench 1-2.3', 'whatever is plugged in there'],
    ['qplug assign bench.yaml 08e6:4433 --slower allow', 'by its file, before its first start'],
    ['qplug assign bench 0483:5740 --also 0483:df11', 'a board, also while its boot loader runs'],
  ],
  documents: ['assign'],
  load: () => import('../../handlers/plug/assign.js'),
};
