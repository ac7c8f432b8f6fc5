import type { CommandDeclaration } from '../../command.js';

export const adopt: CommandDeclaration = {
  name: 'adopt',
  group: 'plug',
  brief: 'give a QEMU that qplug did not start a name',
  summary:
    'Give the VM with this QMP socket a name. Every command then takes the name where it takes a VM, and devices can be assigned to it. The socket need not exist yet. With --forget: take the name away; assignments stay.',
  words: [
    {
      name: 'socket',
      what: 'a socket',
      describe: 'The path of a QMP socket; with --forget: a name',
      required: true,
      path: 'always',
      nameWith: ['forget'],
    },
  ],
  options: {
    name: { type: 'string', describe: 'The name: letters, digits, . - and _', argument: 'N' },
    forget: { type: 'boolean', describe: 'Take the name away' },
  },
  examples: [
    ['qplug adopt ./qmp.sock --name guest', 'qplug status guest then shows its USB tree'],
    ['qplug adopt --forget guest', 'only its socket names it again'],
  ],
  documents: ['adopt'],
  load: () => import('../../handlers/plug/adopt.js'),
};
