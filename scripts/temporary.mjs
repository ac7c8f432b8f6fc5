// A folder for temporary files that does not depend on the user or the folder that the tests run from.
import { statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, relative } from 'node:path';
import { root } from './folders.mjs';

/** Bytes: a unix socket has a path of at most 107 (unix(7)), and half of them are for folders that tests make in here. */
const LONGEST = 50;

/** The bit of a mode that lets all other users into a folder. */
const OTHERS_ENTER = 0o001;

/**
 * The folder of temporary files that this process was given (TMPDIR) if tests can work in it; else /tmp. Tests bind sockets there, so its
 * path must be short. They start programs of another user there, so all users must be able to enter it. They also run as if there were no
 * project, so it must not be in this project.
 *
 * @returns {string}
 */
export function ownTemporaryFolder(given = tmpdir()) {
  const outside = relative(root, given).startsWith('..');
  return outside && given.startsWith('/') && Buffer.byteLength(given) <= LONGEST && isOpen(given) ? given : '/tmp';
}

/** Whether every user may enter a folder, and all folders above it. */
function isOpen(folder) {
  try {
    const info = statSync(folder);
    if (!info.isDirectory() || (info.mode & OTHERS_ENTER) === 0) return false;
  } catch {
    return false;
  }
  return folder === '/' || isOpen(dirname(folder));
}
