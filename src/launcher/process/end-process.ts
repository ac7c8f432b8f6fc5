import { Deadline, isAlive, type ProcessIdentity, poll } from '../../base/index.js';
import { fail } from '../../diag/index.js';

/** ms between two checks of a process that is not a child of this one. */
const INTERVAL = 20;

/** A sent signal. */
export interface EndStep {
  readonly signal: 'SIGTERM' | 'SIGKILL';
  /** ms to wait for its effect. */
  readonly timeout: number;
}

/** How it ended. `by`: the signal, or `already` if it was gone before. `waited`: ms since the first signal. */
export interface EndOutcome {
  readonly by: 'already' | EndStep['signal'];
  readonly waited: number;
}

/** Timeouts. */
export interface EndOptions {
  /** ms for SIGTERM, after which QEMU flushes its disks; default 5 s. */
  readonly term?: number | undefined;
  /** ms for SIGKILL; default 5 s. */
  readonly kill?: number | undefined;
  /** Called before each signal. */
  readonly onStep?: ((step: EndStep) => void) | undefined;
  /** Stops the wait, not the process. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Ends a process: SIGTERM, then SIGKILL. It need not be a child, and qplug never mistakes a later process with its pid for it.
 *
 * @throws QplugError `process-not-ended` if even SIGKILL does not end it, `process-not-ours`; the reason of `signal`
 */
export async function endProcess(identity: ProcessIdentity, options: EndOptions = {}): Promise<EndOutcome> {
  const { term = 5000, kill = 5000, onStep, signal } = options;
  const begin = performance.now();
  const waited = (): number => Math.round(performance.now() - begin);
  if (!isAlive(identity)) return { by: 'already', waited: 0 };
  const steps: readonly EndStep[] = [
    { signal: 'SIGTERM', timeout: term },
    { signal: 'SIGKILL', timeout: kill },
  ];
  for (const step of steps) {
    signal?.throwIfAborted();
    onStep?.(step);
    send(identity.pid, step.signal);
    if (await hasEnded(identity, step.timeout, signal)) return { by: step.signal, waited: waited() };
  }
  throw fail('process-not-ended', { pid: identity.pid, waited: kill });
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EPERM') throw fail('process-not-ours', { pid }, { cause: error });
    // It ended between the check and the signal.
    if (code !== 'ESRCH') throw error;
  }
}

async function hasEnded(identity: ProcessIdentity, timeout: number, signal: AbortSignal | undefined): Promise<boolean> {
  using deadline = new Deadline(timeout, signal);
  try {
    return await poll(() => (isAlive(identity) ? undefined : true), { interval: INTERVAL, signal: deadline.signal });
  } catch (error) {
    if (!deadline.reached) throw error;
    return !isAlive(identity);
  }
}
