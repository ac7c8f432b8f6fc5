import { LockHeldError, lockPath, type NamedPlace } from '../../base/index.js';
import { fail } from '../../diag/index.js';

/** ms to wait for another qplug that changes a file. */
const LOCK_TIMEOUT = 10_000;

/** @returns the name of an auxiliary file beside another: hidden, with its purpose */
export function beside({ name }: Pick<NamedPlace, 'name'>, what: 'lock' | 'new'): string {
  return `.${name}.qplug-${what}`;
}

/**
 * Locks a file against other qplug processes, by a link beside it. See `lockPath`.
 *
 * @param file - the file's place
 * @returns the lock; disposing releases it
 * @throws QplugError `vm-file-busy` · the system's error · the signal's reason
 */
export async function lockFile(file: NamedPlace, signal: AbortSignal): Promise<Disposable> {
  try {
    return await lockPath(file.at(beside(file, 'lock')), { timeout: LOCK_TIMEOUT, signal });
  } catch (error) {
    if (!(error instanceof LockHeldError)) throw error;
    const { holder = Number.NaN, cause } = error;
    throw fail('vm-file-busy', { path: file.path, holder, timeout: LOCK_TIMEOUT }, { cause });
  }
}
