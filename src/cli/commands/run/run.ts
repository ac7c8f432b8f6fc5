import type { CommandDeclaration } from '../../command.js';
import { RUN_TIMEOUT, WISH_WAIT } from '../../timeouts.js';
import { FORGET, GUARD_OFF, timeoutOption } from '../shared/option-declarations.js';
import { VM_FILE } from '../shared/word-declarations.js';

export const run: CommandDeclaration = {
  name: 'run',
  group: 'run',
  brief: 'start a VM from its file, with its devices',
  summary:
    'Start a VM from its file: plan, launch paused, plug, verify, start the guest. Stays in the foreground, where Ctrl-C shuts the VM down in order, unless --detach is given.',
  words: [VM_FILE],
  options: {
    detach: { type: 'boolean', short: 'd', describe: 'Leave it running in the background' },
    wait: {
      type: 'number',
      describe: `Wait up to S seconds for devices with when-missing: wait (default ${WISH_WAIT})`,
      argument: 'S',
    },
    user: {
      type: 'string',
      describe: 'Run QEMU as this user, without the rights of root (only root can do this)',
      argument: 'NAME',
    },
    forget: FORGET,
    'guard-off': GUARD_OFF,
    timeout: timeoutOption(RUN_TIMEOUT),
  },
  examples: [
    ['qplug run bench.yaml', 'in the foreground'],
    ['qplug run bench.yaml --detach', 'in the background'],
    ['qplug run bench.yaml --user qemu-bench', 'as root: QEMU has the rights of qemu-bench, and only its own devices'],
  ],
  documents: ['run'],
  load: () => import('../../handlers/run/run.js'),
};
