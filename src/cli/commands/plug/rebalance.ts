import type { CommandDeclaration } from '../../command.js';
import { ATTACH_TIMEOUT } from '../../timeouts.js';
import { GUARD_OFF, timeoutOption, VERBOSE } from '../shared/option-declarations.js';
import { SELECTORS, VM } from '../shared/word-declarations.js';

export const rebalance: CommandDeclaration = {
  name: 'rebalance',
  group: 'plug',
  brief: 'move one device so that another gets its speed',
  summary:
    "Find the one move that gives one more device a port of its own speed: a device that runs slower, or one that the VM's file wants and that has no port. Prints which devices the guest would lose for a moment; moves nothing without --yes. qplug moves only devices that it plugged into the running VM itself.",
  words: [VM, { ...SELECTORS, describe: 'Another host device that needs a port: 0781:5567, 1-2.3, … as for attach' }],
  options: {
    yes: {
      type: 'boolean',
      short: 'y',
      describe: 'Do it: unplug the devices that have to move and plug them in elsewhere',
    },
    'dry-run': { type: 'boolean', describe: 'Only print it, as without --yes' },
    emulated: {
      type: 'string',
      many: true,
      describe: 'An emulated device that needs a port (may be repeated)',
      argument: 'MODEL',
    },
    'guard-off': GUARD_OFF,
    timeout: timeoutOption(ATTACH_TIMEOUT),
    verbose: VERBOSE,
  },
  examples: [
    ['qplug rebalance bench', 'which device would have to move, and for which'],
    ['qplug rebalance bench --yes', 'move it'],
    ['qplug rebalance ./qmp.sock 0781:5567 --yes', 'make room for the stick, and plug it in'],
  ],
  documents: ['rebalance'],
  load: () => import('../../handlers/plug/rebalance.js'),
};
