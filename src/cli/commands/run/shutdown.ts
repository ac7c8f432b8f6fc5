import type { CommandDeclaration } from '../../command.js';
import { SHUTDOWN_TIMEOUT } from '../../timeouts.js';
import { VM } from '../shared/word-declarations.js';

export const shutdown: CommandDeclaration = {
  name: 'shutdown',
  group: 'run',
  brief: 'ask the guest to power off, and wait until it has',
  summary:
    'Ask the guest to power off, wait until it has, and check that the host has its devices back. A guest may ignore this: qplug kill ends such a VM.',
  words: [VM],
  options: {
    timeout: { type: 'number', describe: `Give the guest S seconds (default ${SHUTDOWN_TIMEOUT})`, argument: 'S' },
  },
  examples: [['qplug shutdown bench --timeout 120', 'and give it two minutes']],
  documents: ['end'],
  load: () => import('../../handlers/run/shutdown.js'),
};
