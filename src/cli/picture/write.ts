import { randomBytes } from 'node:crypto';
import type { Stats } from 'node:fs';
import { lstat, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fail, type QplugError } from '../../diag/index.js';

/**
 * Writes a picture whole or not at all: it is written beside its place, then renamed onto it. A link is followed. What is no
 * ordinary file is left alone, since renaming would replace a folder's, device's or pipe's name.
 *
 * @throws QplugError `picture-unwritable`
 */
export async function writePicture(path: string, picture: string): Promise<void> {
  const there = await look(path);
  const target = there === undefined ? path : await realpath(path);
  const fresh = join(dirname(target), `.qplug-${process.pid}-${randomBytes(4).toString('hex')}.svg`);
  try {
    await using file = await open(fresh, 'wx', 0o666);
    if (there !== undefined) await file.chmod(there.mode & 0o777);
    await file.writeFile(picture);
    await file.sync();
    await rename(fresh, target);
  } catch (error) {
    await rm(fresh, { force: true }).catch(() => undefined);
    throw unwritable(path, error);
  }
}

/** @returns what is at the path, undefined where there is nothing */
async function look(path: string): Promise<Stats | undefined> {
  if (path.endsWith('/')) throw fail('picture-unwritable', { path, problem: 'folder', reason: '' });
  let there: Stats;
  try {
    there = await stat(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw unwritable(path, error);
    const isLink = await lstat(path).then(
      () => true,
      () => false,
    );
    if (isLink) throw fail('picture-unwritable', { path, problem: 'dangling-link', reason: '' });
    return undefined;
  }
  if (there.isDirectory()) throw fail('picture-unwritable', { path, problem: 'folder', reason: '' });
  if (!there.isFile()) throw fail('picture-unwritable', { path, problem: 'not-a-file', reason: '' });
  return there;
}

function unwritable(path: string, cause: unknown): QplugError {
  const { code, message } = cause as NodeJS.ErrnoException;
  // Node's message goes on with the call and the path of a file that nobody named
  const [reason = message] = message.split(',');
  return fail('picture-unwritable', { path, problem: code === 'ENOENT' ? 'no-folder' : 'system', reason }, { cause });
}
