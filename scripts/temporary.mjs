// A folder for what is temporary that does not depend on who runs this, or from where.
import { statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, relative } from 'node:path';
import { root } from './folders.mjs';

/** Bytes: a unix socket has a path of at most 107 (unix(7)), and half of them belong to who makes folders in here. */
const LONGEST = 50;

/** The bit of a mode that lets all others into a folder. */
const OTHERS_ENTER = 0o001;

/**
 * The folder of temporary files that this process was given (TMPDIR), where tests can work in it; else /tmp. They bind sockets there, so its
 * path is short; start programs of another user there, so all may enter it; and pretend that no project is around, so it is not in this one.
 *
 * @returns {string}
 */
export function ownTemporaryFolder(given = tmpdir()) {
  const outside = relative(root, given).startsWith('..');
  return outside && given.startsWith('/') && Buffer.byteLength(given) <= LONGEST && isOpen(given) ? given : '/tmp';
}

/** Whether everybody may enter a folder, and all above it. */
function isOpen(folder) {
  try {
    const info = statSync(folder);
    if (!info.isDirectory() || (info.mode & OTHERS_ENTER) === 0) return false;
  } catch {
    return false;
  }
  return folder === '/' || isOpen(dirname(folder));
}
