import type { CommandDeclaration } from '../../command.js';
import { ANSWER_TIMEOUT } from '../../timeouts.js';
import { SVG, timeoutOption } from '../shared/option-declarations.js';
import { VM } from '../shared/word-declarations.js';

export const status: CommandDeclaration = {
  name: 'status',
  group: 'look',
  brief: "a VM's USB tree as QEMU has it, with real speeds",
  summary:
    "Show a VM's USB tree as QEMU has it, with real speeds and free ports, and every difference from its file and this host.",
  words: [VM],
  options: { svg: SVG, timeout: timeoutOption(ANSWER_TIMEOUT) },
  examples: [
    ['qplug status bench', 'the tree of the VM called bench'],
    ['qplug status bench --svg bench.svg', 'and a picture of it'],
    ['qplug status ./qmp.sock --json', 'the same of any QEMU, for a program'],
  ],
  documents: ['status'],
  load: () => import('../../handlers/look/status.js'),
};
