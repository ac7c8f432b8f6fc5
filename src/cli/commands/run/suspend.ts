import type { CommandDeclaration } from '../../command.js';
import { ATTACH_TIMEOUT } from '../../timeouts.js';
import { timeoutOption, VERBOSE } from '../shared/option-declarations.js';
import { VM } from '../shared/word-declarations.js';

export const suspend: CommandDeclaration = {
  name: 'suspend',
  group: 'run',
  brief: 'pause a guest and return its devices to the host',
  summary:
    'Return the devices of a VM to the host, then pause its guest. qplug resume plugs each back into its port. The VM stays in memory.',
  words: [VM],
  options: {
    keep: { type: 'boolean', describe: 'Leave the devices attached: nothing else can use them meanwhile' },
    timeout: timeoutOption(ATTACH_TIMEOUT),
    verbose: VERBOSE,
  },
  examples: [
    ['qplug suspend bench', 'the host has its devices, the guest is paused'],
    ['qplug suspend bench --keep', 'the guest is paused, and keeps its devices'],
  ],
  documents: ['suspend'],
  load: () => import('../../handlers/run/suspend.js'),
};
