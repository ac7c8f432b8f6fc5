import { type HostAccess, openHost } from '../../../access/index.js';
import { QplugError } from '../../../diag/index.js';
import { mendWhenEnded } from '../../../vm/index.js';
import type { CommandHandler } from '../../command.js';
import type { Terminal } from '../../terminal.js';
import { MEND_TIMEOUT } from '../../timeouts.js';

export const run: CommandHandler = async (args, terminal) => {
  const vm = args.text('after');
  const operation = { signal: terminal.signal, timeout: MEND_TIMEOUT * 1000 };
  const host = hostIfAny(terminal);
  // without --after all was mended before this command, as before any
  const findings = vm === undefined ? [] : await mendWhenEnded(vm, host ?? openHost(terminal), operation);
  return { schema: 'mend', document: () => ({ after: vm ?? null }), text: () => '', findings };
};

/** @returns undefined for a user without a runtime folder, who has left nothing there. @throws QplugError `folder-not-ours` */
function hostIfAny(terminal: Terminal): HostAccess | undefined {
  try {
    return openHost(terminal);
  } catch (error) {
    if (error instanceof QplugError && error.code === 'runtime-dir-unknown') return undefined;
    throw error;
  }
}
