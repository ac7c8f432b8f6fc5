import type { CommandDeclaration } from '../command.js';
import { SHUTDOWN_TIMEOUT } from '../timeouts.js';
import { VM } from './shared/word-declarations.js';

export const shutdown: CommandDeclaration = {
  name: 'shutdown',
  group: 'run',
  brief: 'ask the guest to power off, and wait until it has',
  summary:
    'Ask the guest to power off, wait until it has, and see that the host has its devices back. A guest that does not listen goes on: qplug kill ends it.',
  words: [VM],
  options: {
    timeout: { type: 'number', describe: `Seconds that the guest gets (default ${SHUTDOWN_TIMEOUT})`, argument: 'S' },
  },
  examples: [['qplug shutdown bench --timeout 120', 'and give it two minutes']],
  load: () => import('../handlers/shutdown.js'),
};
