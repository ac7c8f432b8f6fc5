import type { CommandDeclaration } from '../../command.js';

export const list: CommandDeclaration = {
  name: 'list',
  group: 'look',
  brief: 'the VMs that qplug runs on this host',
  summary: 'Show the VMs that qplug runs on this host, and clear away the leftovers of VMs that have ended.',
  words: [],
  options: {},
  examples: [
    ['qplug list', 'names, processes, sockets'],
    ['qplug list --json', 'for a program'],
  ],
  documents: ['list'],
  load: () => import('../../handlers/look/list.js'),
};
