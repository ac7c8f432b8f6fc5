import { Deadline, isAlive, type ProcessIdentity, poll } from '../../base/index.js';
import { fail } from '../../diag/index.js';

/** How often a process that is no child of ours is looked at, in ms. */
const INTERVAL = 20;

/** One signal that was sent. */
export interface EndStep {
  readonly signal: 'SIGTERM' | 'SIGKILL';
  /** ms that it is given. */
  readonly timeout: number;
}

/** How it ended: `already`: it was gone before; else by which signal, and ms after the first. */
export interface EndOutcome {
  readonly by: 'already' | EndStep['signal'];
  readonly waited: number;
}

/** How patient to be. */
export interface EndOptions {
  /** ms for SIGTERM, on which QEMU flushes its disks; default 5 s. */
  readonly term?: number | undefined;
  /** ms for SIGKILL; default 5 s. */
  readonly kill?: number | undefined;
  /** Told before each signal. */
  readonly onStep?: ((step: EndStep) => void) | undefined;
  /** Stops the waiting, not the process. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Ends a process: SIGTERM, then SIGKILL. It may be anyone's child, and is never mistaken for a later one with its pid.
 *
 * @throws QplugError `process-not-ended` when even SIGKILL does not end it, `process-not-ours`; the reason of `signal`
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
    // Gone between the look and the signal.
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
