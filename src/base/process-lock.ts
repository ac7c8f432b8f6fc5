import { readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { Deadline, DeadlineReached, poll } from './deadline.js';
import { formatProcess, hasEnded, parseProcess, selfIdentity } from './process-identity.js';

/** ms between two attempts. */
const RETRY_INTERVAL = 25;

/** The name of the lock under which a dead process's lock is removed. */
const TAKEOVER = '+';

/** Another process has held a lock for too long. */
export class LockHeldError extends Error {
  override readonly name = 'LockHeldError';
  /** Its pid; undefined if it is not known. */
  readonly holder: number | undefined;
  constructor(holder: number | undefined, cause: unknown) {
    super(`process ${holder ?? 'unknown'} holds the lock`, { cause });
    this.holder = holder;
  }
}

/**
 * Locks something against other qplug processes: a link that names its owner. qplug creates the link in one step, even on a full disk. The
 * lock of a process that was killed does not count: the next process removes it.
 *
 * @param path - of the link, in a folder where only this user (or root) can create files
 * @param options - `timeout` ms to wait for another process
 * @returns the lock; disposing releases it
 * @throws LockHeldError · the system's error · the signal's reason
 */
export async function lockPath(
  path: string,
  options: { readonly timeout: number; readonly signal: AbortSignal },
): Promise<Disposable> {
  using deadline = new Deadline(options.timeout, options.signal);
  try {
    await poll(() => (take(path) ? true : undefined), { interval: RETRY_INTERVAL, signal: deadline.signal });
  } catch (error) {
    if (!(error instanceof DeadlineReached)) throw error;
    const holder = Number.parseInt(holderOf(path) ?? '', 10);
    throw new LockHeldError(Number.isNaN(holder) ? undefined : holder, error);
  }
  return { [Symbol.dispose]: () => release(path) };
}

/** @returns whether this process has the lock now */
function take(path: string): boolean {
  try {
    symlinkSync(formatProcess(selfIdentity()), path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  if (isDead(holderOf(path))) removeDead(path);
  return false;
}

/**
 * Removes the lock of a dead process. Another process may have removed it since, and have the lock itself: so only the owner of a second
 * lock removes it, after another look. That lock is taken over in the same way.
 */
function removeDead(path: string): void {
  const takeover = path + TAKEOVER;
  if (!take(takeover)) return;
  try {
    if (isDead(holderOf(path))) release(path);
  } finally {
    release(takeover);
  }
}

function release(path: string): void {
  rmSync(path, { force: true });
}

/** @returns the text of the link; empty for anything else, which is no lock; undefined: there is nothing */
function holderOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    if (code === 'EINVAL') return '';
    throw error;
  }
}

function isDead(holder: string | undefined): boolean {
  if (holder === undefined) return false;
  const maker = parseProcess(holder);
  return maker === undefined || hasEnded(maker);
}
