import { type Stats, statSync } from 'node:fs';
import { type NamedPlace, NotOursError, openPlace, writeWhole } from '../../../base/index.js';
import { fail, type QplugError } from '../../../diag/index.js';
import type { Terminal } from '../../terminal.js';
import type { SvgRequest } from './svg-request.js';

/** @throws QplugError `picture-unwritable` */
export async function deliverPicture({ path, alone }: SvgRequest, picture: string, terminal: Terminal): Promise<void> {
  if (alone) terminal.out(picture);
  else await writePicture(path, picture);
}

/**
 * Writes a picture whole or not at all: it is written beside its place, then renamed onto it. A link is followed where nobody else can have
 * put it there. What is no ordinary file is left alone, since renaming would replace a folder's, device's or pipe's name.
 *
 * @throws QplugError `picture-unwritable`
 */
export async function writePicture(path: string, picture: string): Promise<void> {
  refuseOther(path);
  try {
    using place = openPlace(path);
    refuseDangling(path, place);
    writeWhole(place, picture, 0o666);
  } catch (error) {
    throw unwritable(path, error);
  }
}

/** Says what is there, where no file is. What happens to it since, whoever opens it sees. */
function refuseOther(path: string): void {
  let there: Stats | undefined;
  try {
    there = statSync(path, { throwIfNoEntry: false });
  } catch {
    // told by whoever opens it
  }
  if (path.endsWith('/') || there?.isDirectory())
    throw fail('picture-unwritable', { path, problem: 'folder', reason: '' });
  if (there !== undefined && !there.isFile())
    throw fail('picture-unwritable', { path, problem: 'not-a-file', reason: '' });
}

function refuseDangling(path: string, { there, linked }: NamedPlace): void {
  if (there === undefined && linked) throw fail('picture-unwritable', { path, problem: 'dangling-link', reason: '' });
  if (there !== undefined && !there.isFile())
    throw fail('picture-unwritable', { path, problem: 'not-a-file', reason: '' });
}

function unwritable(path: string, cause: unknown): unknown {
  if (cause instanceof NotOursError) {
    return fail('picture-unwritable', { path, problem: 'others', reason: cause.message }, { cause });
  }
  if (!(cause instanceof Error && 'syscall' in cause)) return cause;
  return ofSystem(path, cause as NodeJS.ErrnoException);
}

function ofSystem(path: string, cause: NodeJS.ErrnoException): QplugError {
  const { code, message } = cause;
  // Node's message goes on with the call and the path of a file that nobody named
  const [reason = message] = message.split(',');
  return fail('picture-unwritable', { path, problem: code === 'ENOENT' ? 'no-folder' : 'system', reason }, { cause });
}
