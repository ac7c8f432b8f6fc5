import { DeadlineReached, isThere, runProgram } from '../../base/index.js';
import { fail } from '../../diag/index.js';

/** Where systemd has the program. Node.js itself can't send to a datagram socket of Unix. */
const PROGRAMS: readonly string[] = ['/usr/bin/systemd-notify', '/bin/systemd-notify'];

/** ms: it waits up to 5 s until systemd has read the message (sd_notify_barrier(3)). */
const TIMEOUT = 10_000;

/** Bytes of its output that are kept. */
const MOST = 4096;

/**
 * Tells the service manager something, by `systemd-notify`.
 *
 * @param notifyAt - `NOTIFY_SOCKET`
 * @param words - `--ready`, `WATCHDOG=1`: systemd-notify(1)
 * @throws QplugError `manager-untold` · the reason of the signal
 */
export async function notifyManager(notifyAt: string, words: readonly string[], signal: AbortSignal): Promise<void> {
  const program = PROGRAMS.find(isThere);
  if (program === undefined) throw fail('manager-untold', { reason: 'systemd-notify is not installed', missing: true });
  const options = { cwd: '/', env: { NOTIFY_SOCKET: notifyAt } };
  const untold = (reason: string, cause?: unknown): Error =>
    fail('manager-untold', { reason, missing: false }, { cause });
  try {
    const { code, stderr } = await runProgram(program, words, options, { timeout: TIMEOUT, signal, most: MOST });
    if (code !== 0) throw untold(`systemd-notify ended with ${code ?? 'a signal'}: ${stderr.trim()}`);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof DeadlineReached) throw untold(`systemd-notify: ${error.message}`, error);
    if (error instanceof Error && 'syscall' in error) throw untold(error.message, error);
    throw error;
  }
}
