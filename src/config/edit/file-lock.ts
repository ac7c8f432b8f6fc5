import { readlinkSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import {
  Deadline,
  DeadlineReached,
  formatProcess,
  hasEnded,
  type NamedPlace,
  parseProcess,
  poll,
  selfIdentity,
} from '../../base/index.js';
import { fail } from '../../diag/index.js';

/** ms to wait for another qplug that changes a file, and ms between two attempts. */
const LOCK_TIMEOUT = 10_000;
const LOCK_RETRY_INTERVAL = 25;

/** @returns the name of an auxiliary file beside another: hidden, with its purpose */
export function beside({ name }: Pick<NamedPlace, 'name'>, what: 'lock' | 'new'): string {
  return `.${name}.qplug-${what}`;
}

/**
 * Locks a file against other qplug processes: a link beside it names the owner. qplug creates the link in one step, even on a full disk,
 * and removes the link of a dead process.
 *
 * @param file - the file's place
 * @returns the lock; disposing releases it
 * @throws QplugError `vm-file-busy` · the system's error · the signal's reason
 */
export async function lockFile(file: NamedPlace, signal: AbortSignal): Promise<Disposable> {
  const mine = formatProcess(selfIdentity());
  const path = file.at(beside(file, 'lock'));
  using deadline = new Deadline(LOCK_TIMEOUT, signal);
  try {
    await poll(() => take(path, mine), { interval: LOCK_RETRY_INTERVAL, signal: deadline.signal });
  } catch (error) {
    if (!(error instanceof DeadlineReached)) throw error;
    const holder = Number.parseInt(holderOf(path) ?? '', 10);
    throw fail('vm-file-busy', { path: file.path, holder, timeout: LOCK_TIMEOUT }, { cause: error });
  }
  return { [Symbol.dispose]: () => rmSync(path, { force: true }) };
}

/** @returns true if this process has the lock now, undefined if another has it */
function take(path: string, mine: string): true | undefined {
  try {
    symlinkSync(mine, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const holder = holderOf(path);
  if (holder !== undefined && !lives(holder)) {
    // moved away first: only one of several processes succeeds
    const gone = `${path}.gone-${process.pid}`;
    try {
      renameSync(path, gone);
      rmSync(gone, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  return undefined;
}

function holderOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // just released, or not a link, so not a lock
    if (code === 'ENOENT') return undefined;
    if (code === 'EINVAL') return '';
    throw error;
  }
}

function lives(holder: string): boolean {
  const maker = parseProcess(holder);
  return maker !== undefined && !hasEnded(maker);
}
