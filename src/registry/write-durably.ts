import { closeSync, fsyncSync, openSync, writeFileSync } from 'node:fs';
import { fail } from '../diag/index.js';

/** Writes a value as JSON (0600), on the disk when this returns. @throws the system's error */
export function writeDurably(path: string, value: unknown): void {
  const handle = openSync(path, 'w', 0o600);
  try {
    writeFileSync(handle, `${JSON.stringify(value, undefined, 2)}\n`);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
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
