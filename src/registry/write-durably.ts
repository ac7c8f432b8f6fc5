import { readPlainFile, writeWhole } from '../base/index.js';
import { fail } from '../diag/index.js';

/** The most that is read of a file of ours, in bytes; none that qplug writes comes near it. */
const MOST_BYTES = 16 << 20;

/**
 * Writes a value as JSON (0600) whole or not at all, on the disk when this returns. A link in its place is not followed.
 *
 * @param path - in a folder of our own
 * @throws the system's error
 */
export function writeDurably(path: string, value: unknown): void {
  writeWhole(path, `${JSON.stringify(value, undefined, 2)}\n`, 0o600);
}

/** @returns the text of a file of ours. @throws NoFileError · the system's error */
export function readOwn(path: string): string {
  return readPlainFile(path, MOST_BYTES).toString('utf8');
}

/** @throws QplugError `state-write-failed` for what the system refuses */
export function guarded(path: string, write: () => void): void {
  try {
    write();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined || !/^E[A-Z]+$/.test(code)) throw error;
    throw fail('state-write-failed', { path, reason: message }, { cause: error });
  }
}
