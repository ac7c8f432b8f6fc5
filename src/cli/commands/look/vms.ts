import type { CommandDeclaration } from '../../command.js';

export const vms: CommandDeclaration = {
  name: 'vms',
  group: 'look',
  brief: 'the QEMUs of this host, whoever started them',
  summary:
    'Show every QEMU of this host, in containers too: its name, machine and monitors, who started it, and the word by which qplug takes it. A QEMU without a QMP monitor gets the option that it lacks. Connects to none of them.',
  words: [],
  options: {},
  examples: [
    ['qplug vms', 'all QEMUs, and the word for each'],
    ['qplug vms --json', 'for a program'],
  ],
  documents: ['vms'],
  load: () => import('../../handlers/look/vms.js'),
};
