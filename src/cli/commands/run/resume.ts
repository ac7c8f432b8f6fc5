import type { CommandDeclaration } from '../../command.js';
import { ATTACH_TIMEOUT, WISH_WAIT } from '../../timeouts.js';
import { timeoutOption, VERBOSE } from '../shared/option-declarations.js';
import { VM } from '../shared/word-declarations.js';

export const resume: CommandDeclaration = {
  name: 'resume',
  group: 'run',
  brief: 'continue a guest, its devices on their ports',
  summary:
    'Plug the devices of a suspended VM in again, each on the port that it had, and continue its guest. A missing device is reported and does not stop the rest, unless the VM requires it (when-missing: fail).',
  words: [VM],
  options: {
    wait: {
      type: 'number',
      describe: `Wait up to S seconds for devices that are not plugged in (default ${WISH_WAIT} for those with when-missing: wait, 0 for others)`,
      argument: 'S',
    },
    timeout: timeoutOption(ATTACH_TIMEOUT),
    verbose: VERBOSE,
  },
  examples: [
    ['qplug resume bench', 'as it was before qplug suspend'],
    ['qplug resume bench --wait 60', 'with a minute to plug in missing devices'],
  ],
  documents: ['resume'],
  load: () => import('../../handlers/run/resume.js'),
};
