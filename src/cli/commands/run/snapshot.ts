import type { CommandDeclaration } from '../../command.js';
import { SNAPSHOT_TIMEOUT } from '../../timeouts.js';
import { timeoutOption, VERBOSE } from '../shared/option-declarations.js';
import { VM } from '../shared/word-declarations.js';

export const snapshot: CommandDeclaration = {
  name: 'snapshot',
  group: 'run',
  brief: 'save the state of a VM, or restore one',
  summary:
    'Save the state of a running VM into its qcow2 disks; restore, list or delete saved states. qplug unplugs devices of the host while it saves or restores, and plugs them in again on their ports. A restore first makes the USB tree that of the snapshot, and is refused if that is impossible.',
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
      describe: 'The name of the snapshot: letters, digits, _ . and -; save takes the date and time by default',
      required: false,
    },
  ],
  options: {
    keep: { type: 'boolean', describe: 'save: leave the devices of the host attached' },
    'as-it-is': {
      type: 'boolean',
      describe: 'restore: try it even if qplug does not know which USB devices belong to it',
    },
    timeout: timeoutOption(SNAPSHOT_TIMEOUT),
    verbose: VERBOSE,
  },
  examples: [
    ['qplug snapshot save bench clean', 'the state now, called clean'],
    ['qplug snapshot restore bench clean', 'back to it'],
    ['qplug snapshot list bench', 'its snapshots, with size and date'],
    ['qplug snapshot delete bench clean', 'which frees its disk space'],
  ],
  documents: ['snapshot-save', 'snapshot-restore', 'snapshot-list', 'snapshot-delete'],
  load: () => import('../../handlers/run/snapshot.js'),
};
