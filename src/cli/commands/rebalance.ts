import type { CommandDeclaration } from '../command.js';
import { ATTACH_TIMEOUT } from '../timeouts.js';
import { GUARD_OFF, timeoutOption, VERBOSE } from './shared/option-declarations.js';
import { SELECTORS, VM } from './shared/word-declarations.js';

export const rebalance: CommandDeclaration = {
  name: 'rebalance',
  group: 'plug',
  brief: 'move one device so that another has its speed',
  summary:
    "Find the one move that gives one device more a port of its own speed: a device that runs slower, or one that the VM's file wants and that has no port. Shows whom the guest would lose for a moment; moves nothing without --yes. Only what qplug plugged into the running VM is ever moved.",
  words: [
    VM,
    { ...SELECTORS, describe: 'A host device to find a port for as well: 0781:5567, 1-2.3, … as for attach' },
  ],
  options: {
    yes: { type: 'boolean', short: 'y', describe: 'Do it: unplug what has to move and plug it in elsewhere' },
    'dry-run': { type: 'boolean', describe: 'Show only, as without --yes' },
    emulated: {
      type: 'string',
      many: true,
      describe: 'An emulated device to find a port for as well (may be repeated)',
      argument: 'MODEL',
    },
    'guard-off': GUARD_OFF,
    timeout: timeoutOption(ATTACH_TIMEOUT),
    verbose: VERBOSE,
  },
  examples: [
    ['qplug rebalance bench', 'what would have to move, and for whom'],
    ['qplug rebalance bench --yes', 'move it'],
    ['qplug rebalance ./qmp.sock 0781:5567 --yes', 'make room for the stick, and plug it in'],
  ],
  load: () => import('../handlers/rebalance.js'),
};
