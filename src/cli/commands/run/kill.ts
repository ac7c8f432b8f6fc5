import type { CommandDeclaration } from '../../command.js';
import { VM } from '../shared/word-declarations.js';

export const kill: CommandDeclaration = {
  name: 'kill',
  group: 'run',
  brief: 'end a VM without asking its guest',
  summary: 'End a VM without asking its guest: quit, then SIGTERM, then SIGKILL. Its guest loses unwritten data.',
  words: [VM],
  options: {},
  examples: [['qplug kill bench', 'like pulling its power plug']],
  documents: ['end'],
  load: () => import('../../handlers/run/kill.js'),
};
