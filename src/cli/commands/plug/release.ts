import type { CommandDeclaration } from '../../command.js';
import { ATTACH_TIMEOUT } from '../../timeouts.js';
import { timeoutOption, VERBOSE } from '../shared/option-declarations.js';

export const release: CommandDeclaration = {
  name: 'release',
  group: 'plug',
  brief: 'return a device to the host, whichever VM has it',
  summary:
    'Return a device to the host: unplug it from its VM, bind each interface to the driver that it had before, and forget the claim. Prints the steps; does nothing without --yes.',
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
    'dry-run': { type: 'boolean', describe: 'Only print the steps, as without --yes' },
    timeout: timeoutOption(ATTACH_TIMEOUT),
    verbose: VERBOSE,
  },
  examples: [
    ['qplug release 0781:5567', 'which VM has the stick, and the steps to return it'],
    ['qplug release 0781:5567 --yes', 'return it'],
  ],
  documents: ['release'],
  load: () => import('../../handlers/plug/release.js'),
};
