import { readPlainFile, writeWhole } from '../base/index.js';
import { fail } from '../diag/index.js';

/** Maximum bytes to read from a file of qplug's; all of them are much smaller. */
const MOST_BYTES = 16 << 20;

/**
 * Writes a value as JSON (0600) completely or not at all; it is on the disk when this returns. Does not follow a link in its place.
 *
 * @param path - in a folder of qplug's own
 * @throws the system's error
 */
export function writeDurably(path: string, value: unknown): void {
  writeWhole(path, `${JSON.stringify(value, undefined, 2)}\n`, 0o600);
}

/** @returns the text of a file of qplug's. @throws NoFileError · the system's error */
export function readOwn(path: string): string {
  return readPlainFile(path, MOST_BYTES).toString('utf8');
}

/** @throws QplugError `state-write-failed` for a system error */
export function guarded(path: string, write: () => void): void {
  try {
    write();
  } catch (error) {
    throw worded(path, error);
  }
}

/** The same for work that waits. */
export async function guardedLater<T>(path: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    throw worded(path, error);
  }
}

function worded(path: string, error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === undefined || !/^E[A-Z]+$/.test(code)) return error;
  return fail('state-write-failed', { path, reason: message }, { cause: error });
}
