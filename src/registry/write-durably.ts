import { closeSync, constants, fsyncSync, openSync, writeFileSync } from 'node:fs';
import { fail } from '../diag/index.js';

const { O_CREAT, O_NOFOLLOW, O_TRUNC, O_WRONLY } = constants;

/** Writes a value as JSON (0600), on the disk when this returns. A link is not followed. @throws the system's error */
export function writeDurably(path: string, value: unknown): void {
  const handle = openSync(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o600);
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
