import type { CommandDeclaration } from '../../command.js';

export const claims: CommandDeclaration = {
  name: 'claims',
  group: 'look',
  brief: 'which VM has which device',
  summary:
    'List the host devices that belong to VMs, with their state: attaching, attached, detaching, or failed with the reason. All other devices are available. First returns the devices of VMs that have ended to the host.',
  words: [],
  options: {},
  examples: [
    ['qplug claims', 'all devices that VMs have'],
    ['qplug claims --json', 'for a program'],
  ],
  documents: ['claims'],
  load: () => import('../../handlers/look/claims.js'),
};
