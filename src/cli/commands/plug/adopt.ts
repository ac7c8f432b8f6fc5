import type { CommandDeclaration } from '../../command.js';

export const adopt: CommandDeclaration = {
  name: 'adopt',
  group: 'plug',
  brief: 'give a QEMU that qplug did not start a name',
  summary:
    'Give the VM with this QMP socket, port or container a name. Every command then takes the name where it takes a VM, and devices can be assigned to it. It need not run yet, and keeps the name when it is started again. With --forget: take the name away; assignments stay.',
  words: [
    {
      name: 'socket',
      what: 'a socket',
      describe: 'The path of a QMP socket, tcp:HOST:PORT or container:NAME; with --forget: a name',
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
    ['qplug adopt container:WinBoat --name win', 'its QEMU is found again whenever the container runs'],
    ['qplug adopt --forget guest', 'only its socket names it again'],
  ],
  documents: ['adopt'],
  load: () => import('../../handlers/plug/adopt.js'),
};
