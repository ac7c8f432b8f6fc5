import type { CommandDeclaration } from '../command.js';
import { ATTACH_TIMEOUT, WISH_WAIT } from '../timeouts.js';
import { timeoutOption, VERBOSE } from './shared/option-declarations.js';
import { VM } from './shared/word-declarations.js';

export const resume: CommandDeclaration = {
  name: 'resume',
  group: 'run',
  brief: 'let it go on, its devices back on their ports',
  summary:
    'Bring the devices of a suspended VM back, each to the port that it had, and let its guest go on. One that is gone is told, and does not stop the rest, unless the VM must have it (when-missing: fail).',
  words: [VM],
  options: {
    wait: {
      type: 'number',
      describe: `Wait so many seconds for devices that are not plugged in (default ${WISH_WAIT} for those with when-missing: wait, 0 for others)`,
      argument: 'S',
    },
    timeout: timeoutOption(ATTACH_TIMEOUT),
    verbose: VERBOSE,
  },
  examples: [
    ['qplug resume bench', 'as it was before qplug suspend'],
    ['qplug resume bench --wait 60', 'with a minute to plug in what was pulled'],
  ],
  load: () => import('../handlers/resume.js'),
};
