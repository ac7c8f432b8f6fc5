import { openHost } from '../../../access/index.js';
import { openVm, shutdownVm } from '../../../vm/index.js';
import type { CommandHandler } from '../../command.js';
import { Progress } from '../../progress.js';
import { SHUTDOWN_TIMEOUT } from '../../timeouts.js';
import { endOutcome } from '../shared/end-outcome.js';

/** ms to reach QEMU. */
const REACH = 10_000;

export const run: CommandHandler = async (args, terminal) => {
  const host = openHost(terminal);
  using progress = new Progress(terminal, false);
  const { signal } = terminal;
  await using vm = await openVm(args.word('vm'), host, { signal, timeout: REACH });
  const timeout = (args.number('timeout') ?? SHUTDOWN_TIMEOUT) * 1000;
  return endOutcome(await shutdownVm(vm, host, { signal, timeout, onProgress: progress.tell }));
};
