import type { CommandDeclaration } from '../command.js';
import { ATTACH_TIMEOUT } from '../timeouts.js';
import { timeoutOption, VERBOSE } from './shared/option-declarations.js';
import { VM } from './shared/word-declarations.js';

export const suspend: CommandDeclaration = {
  name: 'suspend',
  group: 'run',
  brief: 'stop a guest, the host has its devices meanwhile',
  summary:
    'Give the host devices of a VM back to the host, then make its guest stand still. qplug resume brings each back to its port. The VM stays in memory.',
  words: [VM],
  options: {
    keep: { type: 'boolean', describe: 'Leave the devices attached: nobody else can have them meanwhile' },
    timeout: timeoutOption(ATTACH_TIMEOUT),
    verbose: VERBOSE,
  },
  examples: [
    ['qplug suspend bench', 'the host has its devices, the guest stands still'],
    ['qplug suspend bench --keep', 'the guest stands still, and keeps its devices'],
  ],
  load: () => import('../handlers/suspend.js'),
};
