import { openHost } from '../../../access/index.js';
import { findVm, killVm } from '../../../vm/index.js';
import type { CommandHandler } from '../../command.js';
import { Progress } from '../../progress.js';
import { endOutcome } from '../shared/end-outcome.js';

/** ms for all of it. */
const TIMEOUT = 30_000;

export const run: CommandHandler = async (args, terminal) => {
  const host = openHost(terminal);
  using progress = new Progress(terminal, false);
  const target = await findVm(args.word('vm'), host, terminal.signal);
  const operation = { signal: terminal.signal, timeout: TIMEOUT, onProgress: progress.tell };
  return endOutcome(await killVm(target, host, operation));
};
