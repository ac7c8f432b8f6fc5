import type { CommandDeclaration } from '../command.js';
import { ATTACH_TIMEOUT } from '../timeouts.js';
import { timeoutOption, VERBOSE } from './shared/option-declarations.js';

export const release: CommandDeclaration = {
  name: 'release',
  group: 'plug',
  brief: 'give a device back to the host, whoever has it',
  summary:
    'Give a device back to the host: out of the VM that has it, each interface with the driver that it had before, and its claim forgotten. Shows what it would do first; does nothing without --yes.',
  words: [
    {
      name: 'device',
      what: 'a device',
      describe: "A selector of a host device, or a device's id in its VM (qplug claims shows them)",
      required: true,
    },
  ],
  options: {
    yes: { type: 'boolean', short: 'y', describe: 'Do it' },
    'dry-run': { type: 'boolean', describe: 'Show only, as without --yes' },
    timeout: timeoutOption(ATTACH_TIMEOUT),
    verbose: VERBOSE,
  },
  examples: [
    ['qplug release 0781:5567', 'who has the stick, and what giving it back takes'],
    ['qplug release 0781:5567 --yes', 'give it back'],
  ],
  load: () => import('../handlers/release.js'),
};
