import type { CommandDeclaration } from '../command.js';

export const claims: CommandDeclaration = {
  name: 'claims',
  group: 'look',
  brief: 'which VM has which device',
  summary:
    'List the host devices that belong to VMs, and how far each is: attaching, attached, detaching, or failed and why. What belongs to no VM is available. Claims of VMs that are gone are given back to the host first.',
  words: [],
  options: {},
  examples: [
    ['qplug claims', 'all devices that VMs have'],
    ['qplug claims --json', 'for a program'],
  ],
  load: () => import('../handlers/claims.js'),
};
