import { Deadline, DeadlineReached } from '../base/index.js';
import { finding, QplugError } from '../diag/index.js';

/** What an operation was told about its end, and whom to tell how it goes. */
export interface Operation {
  readonly signal: AbortSignal;
  /** ms for the whole of it. */
  readonly timeout: number;
  /** Called as it goes on, with words for people. */
  readonly onProgress?: ((what: string) => void) | undefined;
}

/**
 * Runs something under an operation's deadline and signal.
 *
 * @param what - what is done, as a clause: `attach to bench`
 * @throws QplugError `operation-timeout` when time ran out, after `work` has ended (it undoes what it began)
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
