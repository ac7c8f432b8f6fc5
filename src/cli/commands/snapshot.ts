import type { CommandDeclaration } from '../command.js';
import { SNAPSHOT_TIMEOUT } from '../timeouts.js';
import { timeoutOption, VERBOSE } from './shared/option-declarations.js';
import { VM } from './shared/word-declarations.js';

export const snapshot: CommandDeclaration = {
  name: 'snapshot',
  group: 'run',
  brief: 'save the state of a VM, or bring one back',
  summary:
    'Save the state of a running VM into its qcow2 disks, restore one, list or delete them. Devices of the host are out of the VM while it is saved or restored, and come back to their ports. A restore makes the USB tree what it was first, and is refused where that can not be done.',
  words: [
    {
      name: 'action',
      what: 'an action',
      describe: 'save, restore, list or delete',
      required: true,
      choices: ['save', 'restore', 'list', 'delete'],
    },
    VM,
    {
      name: 'tag',
      what: 'a tag',
      describe: 'What the snapshot is called: letters, digits, _ . and -; for save by default the date and time',
      required: false,
    },
  ],
  options: {
    keep: { type: 'boolean', describe: 'save: leave the devices of the host attached' },
    'as-it-is': {
      type: 'boolean',
      describe: 'restore: try it where qplug does not know what USB devices belong to it',
    },
    timeout: timeoutOption(SNAPSHOT_TIMEOUT),
    verbose: VERBOSE,
  },
  examples: [
    ['qplug snapshot save bench clean', 'the state now, called clean'],
    ['qplug snapshot restore bench clean', 'back to it'],
    ['qplug snapshot list bench', 'what there is, how large, and when it was made'],
    ['qplug snapshot delete bench clean', 'its room is free again'],
  ],
  load: () => import('../handlers/snapshot.js'),
};
