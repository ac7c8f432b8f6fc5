import type { CommandDeclaration } from '../../command.js';
import { ATTACH_TIMEOUT } from '../../timeouts.js';
import { timeoutOption } from '../shared/option-declarations.js';
import { VM } from '../shared/word-declarations.js';

export const qmp: CommandDeclaration = {
  name: 'qmp',
  group: 'mend',
  brief: "one QMP command, with QEMU's answer as JSON",
  summary: "Send one QMP command to a VM and print QEMU's answer as JSON.",
  words: [
    VM,
    { name: 'command', what: 'a QMP command', describe: 'The name of a QMP command', required: true },
    { name: 'arguments', what: 'its arguments', describe: 'Its arguments: one JSON object', required: false },
  ],
  options: { timeout: timeoutOption(ATTACH_TIMEOUT) },
  examples: [
    ['qplug qmp bench query-status', 'without arguments'],
    [`qplug qmp bench qom-list '{"path": "/machine"}'`, 'with arguments'],
  ],
  documents: ['qmp'],
  load: () => import('../../handlers/mend/qmp.js'),
};
