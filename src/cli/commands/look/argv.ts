import type { CommandDeclaration } from '../../command.js';
import { FORGET, HOST, OFFLINE } from '../shared/option-declarations.js';
import { VM_FILE } from '../shared/word-declarations.js';

export const argv: CommandDeclaration = {
  name: 'argv',
  group: 'look',
  brief: 'the QEMU command line that run would use',
  summary:
    'Print the QEMU command line that run would use, one option per line, ready for a shell. It has no host devices: qplug plugs them in once QEMU runs.',
  words: [VM_FILE],
  options: { host: HOST, offline: OFFLINE, forget: FORGET },
  examples: [
    ['qplug argv bench.yaml', 'to read, or to paste into a shell'],
    ['qplug argv bench.yaml --json', 'as an array'],
  ],
  documents: ['argv'],
  load: () => import('../../handlers/look/argv.js'),
};
