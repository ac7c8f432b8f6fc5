import type { CommandDeclaration } from '../../command.js';
import { ATTACH_TIMEOUT } from '../../timeouts.js';
import { timeoutOption } from '../shared/option-declarations.js';
import { VM } from '../shared/word-declarations.js';

export const share: CommandDeclaration = {
  name: 'share',
  group: 'run',
  brief: 'one QMP socket for many clients at once',
  summary:
    'Hold the QMP socket of a VM, and serve many QMP clients on a new socket: QEMU itself serves one at a time. Prints the path of the new socket when it is ready. Ctrl-C ends it, and so does the end of QEMU. With --keep it returns at once: the agent (qplug agent) shares the VM from then on, also after a restart of either, until --end.',
  words: [VM],
  options: {
    listen: {
      type: 'string',
      describe: 'The path of the new socket, in a folder that only you can change',
      argument: 'PATH',
      path: 'always',
    },
    keep: { type: 'boolean', describe: 'Let the agent do it, whenever the VM and the agent run' },
    end: { type: 'boolean', describe: 'Let the agent share the VM no longer' },
    timeout: timeoutOption(ATTACH_TIMEOUT),
  },
  examples: [
    ['qplug share ./qmp.sock --listen ./shared.sock', 'a QEMU with one QMP socket'],
    ['qplug share bench --listen ./shared.sock', 'a VM of qplug: the socket for you; qplug keeps its own'],
    ['qplug share guest --listen ~/qmp/guest.sock --keep', 'by the agent, also after a restart of the VM'],
    ['qplug share guest --end', 'no longer'],
  ],
  documents: ['share'],
  load: () => import('../../handlers/run/share.js'),
};
