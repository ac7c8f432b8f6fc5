/**
 * A handler does what one command says: arguments come in, and an outcome goes out. What several handlers do stands here: options become
 * the request, the inventory, the prepared file or the open VM that they stand for; a picture goes where it was asked for.
 */

import { type HostAccess, openHost } from '../../../access/index.js';
import { type OpenVm, type Operation, openVm } from '../../../vm/index.js';
import type { Arguments } from '../../command.js';
import { Progress } from '../../progress.js';
import type { Terminal } from '../../terminal.js';
import { ATTACH_TIMEOUT } from '../../timeouts.js';

/**
 * Does the work of a command that changes what is plugged where: within `--timeout`, steps shown with `--verbose`.
 *
 * @param seconds - what counts without `--timeout`
 * @throws what `work` throws
 */
export async function withOperation<T>(
  args: Arguments,
  terminal: Terminal,
  work: (host: HostAccess, operation: Operation) => Promise<T>,
  seconds: number = ATTACH_TIMEOUT,
): Promise<T> {
  using progress = new Progress(terminal, args.flag('verbose'));
  const operation = {
    signal: terminal.signal,
    timeout: (args.number('timeout') ?? seconds) * 1000,
    onProgress: progress.tell,
  };
  return await work(openHost(terminal), operation);
}

/**
 * The same with the monitor of the VM that was named, which is free again when `work` has ended.
 *
 * @throws QplugError `vm-not-found` · QmpConnectError · what `work` throws
 */
export function withVm<T>(
  args: Arguments,
  terminal: Terminal,
  work: (vm: OpenVm, host: HostAccess, operation: Operation) => Promise<T>,
  seconds?: number,
): Promise<T> {
  const inVm = async (host: HostAccess, operation: Operation): Promise<T> => {
    await using vm = await openVm(args.word('vm'), host, operation);
    return await work(vm, host, operation);
  };
  return withOperation(args, terminal, inVm, seconds);
}
