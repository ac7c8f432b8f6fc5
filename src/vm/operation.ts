import { Deadline, DeadlineReached } from '../base/index.js';
import { finding, QplugError } from '../diag/index.js';

/** When an operation must stop, and where it reports progress. */
export interface Operation {
  readonly signal: AbortSignal;
  /** ms for the whole operation. */
  readonly timeout: number;
  /** Receives each progress line. */
  readonly onProgress?: ((what: string) => void) | undefined;
}

/**
 * Runs work under an operation's deadline and signal.
 *
 * @param what - the work in words: `attach to bench`
 * @throws QplugError `operation-timeout` when the time is up, after `work` has ended (it rolls its changes back)
 */
export async function within<T>(
  operation: Pick<Operation, 'signal' | 'timeout'>,
  what: string,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  using deadline = new Deadline(operation.timeout, operation.signal);
  try {
    return await work(deadline.signal);
  } catch (error) {
    const late = finding('operation-timeout', { what, timeout: operation.timeout });
    if (error instanceof DeadlineReached) throw new QplugError([late], { cause: error });
    if (!(error instanceof QplugError && error.cause instanceof DeadlineReached && error.code === 'stopped'))
      throw error;
    throw new QplugError([late, ...error.findings.slice(1)], { cause: error.cause });
  }
}
