import { mendWhenEnded } from '../../vm/index.js';
import type { CommandHandler } from '../command.js';
import { hostAccess } from '../host-access.js';
import { MEND_TIMEOUT } from '../timeouts.js';

export const run: CommandHandler = async (args, terminal) => {
  const vm = args.text('after');
  const operation = { signal: terminal.signal, timeout: MEND_TIMEOUT * 1000 };
  // without --after all was mended before this command, as before any
  const findings = vm === undefined ? [] : await mendWhenEnded(vm, hostAccess(terminal), operation);
  return { schema: 'mend', document: () => ({ after: vm ?? null }), text: () => '', findings };
};
