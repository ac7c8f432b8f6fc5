import { createHash } from 'node:crypto';
import { lstatSync, rmSync, type Stats, statSync } from 'node:fs';
import {
  type NamedPlace,
  NotOursError,
  openPlace,
  putInPlace,
  readPlainFile,
  whatItIs,
  writeBeside,
} from '../../base/index.js';
import { fail } from '../../diag/index.js';
import { decodeVmFile, MAX_BYTES, readVmFileBytes } from '../load.js';
import { beside, lockFile } from './file-lock.js';
import { applySplices, inverse, type Splice } from './splice.js';

/** A change of a VM file as plain data: what is needed to make it, and to undo it. */
export interface FileChange {
  /** Absolute, links followed. */
  readonly file: string;
  /** SHA-256 of the whole file in hexadecimal, before and after. */
  readonly before: string;
  readonly after: string;
  /** Of its text without byte-order mark, in order. */
  readonly splices: readonly Splice[];
}

/** A VM file that no other qplug changes until this is disposed of. */
export interface HeldVmFile extends Disposable {
  /** Absolute, links followed. */
  readonly file: string;
  /** Without byte-order mark. */
  readonly text: string;
  /** SHA-256 of the whole file in hexadecimal. */
  readonly hash: string;
  /**
   * Writes the changed text beside the file, so that little is left that can fail. The file itself is as it was.
   *
   * @throws QplugError `vm-file-unwritable`
   */
  prepare(splices: readonly Splice[]): FileChange;
  /**
   * Puts what was prepared in the file's place, in one step. Does nothing where nothing was prepared.
   *
   * @throws QplugError `vm-file-changed` where the file is not what was read · `vm-file-unwritable`. The file is as it was then.
   */
  commit(): void;
  /**
   * Undoes `commit`: the file's bytes are those that were read. Does nothing where nothing was committed.
   *
   * @throws QplugError `vm-file-changed` where somebody changed the file since · `vm-file-unwritable`. The file is as it was then.
   */
  undo(): void;
}

/**
 * Takes a VM file in hand to change it. What is done is done in the folder that is opened here, and with the file that is found in it.
 *
 * @param path - a link is followed where nobody else can have put it there: what it points to is changed, and the link stays
 * @throws QplugError `vm-file-missing`, `vm-file-unreadable`, `vm-file-too-big`, `vm-file-not-text`, `vm-file-busy`, `vm-file-unwritable`
 */
export async function holdVmFile(path: string, signal: AbortSignal): Promise<HeldVmFile> {
  // says what is wrong with a file that can't be read, before anything is made beside it
  await readVmFileBytes(path, signal);
  const place = placeOf(path);
  let lock: Disposable | undefined;
  try {
    lock = await lockFile(place, signal);
    const info = lstatSync(place.at(place.name));
    const bytes = await readVmFileBytes(place.at(place.name), signal);
    // left by one that was killed: whoever has the lock may take it away
    rmSync(place.at(beside(place, 'new')), { force: true });
    return new Held(place, bytes, info, lock);
  } catch (error) {
    lock?.[Symbol.dispose]();
    place[Symbol.dispose]();
    throw asUnwritable(place.path, error);
  }
}

function placeOf(path: string): NamedPlace {
  try {
    const place = openPlace(path);
    if (place.there?.isFile() === true) return place;
    place[Symbol.dispose]();
    throw new NotOursError(place.there === undefined ? 'it is gone' : whatItIs(place.there));
  } catch (error) {
    throw asUnwritable(path, error);
  }
}

class Held implements HeldVmFile {
  readonly file: string;
  readonly text: string;
  readonly hash: string;
  readonly #info: Stats;
  readonly #mark: string;
  readonly #place: NamedPlace;
  readonly #lock: Disposable;
  readonly #bytes: Uint8Array;
  #inode: number;
  #prepared: string | undefined;
  #committed: string | undefined;

  constructor(place: NamedPlace, bytes: Uint8Array, info: Stats, lock: Disposable) {
    this.#place = place;
    this.file = place.path;
    this.text = decodeVmFile(bytes, place.path);
    this.#mark = bytes.length > Buffer.byteLength(this.text) ? '\ufeff' : '';
    this.#info = info;
    this.hash = hashOf(bytes);
    this.#bytes = bytes;
    this.#inode = info.ino;
    this.#lock = lock;
  }

  prepare(splices: readonly Splice[]): FileChange {
    const { file } = this;
    const bytes = Buffer.from(this.#mark + applySplices(this.text, splices));
    system(file, () => this.#write(bytes));
    const after = hashOf(bytes);
    this.#prepared = after;
    return { file, before: this.hash, after, splices };
  }

  commit(): void {
    if (this.#prepared === undefined) return;
    this.#replace(this.hash);
    this.#committed = this.#prepared;
    this.#prepared = undefined;
  }

  undo(): void {
    if (this.#committed === undefined) return;
    const { file } = this;
    system(file, () => this.#write(this.#bytes));
    this.#prepared = this.hash;
    this.#replace(this.#committed);
    this.#prepared = undefined;
    this.#committed = undefined;
  }

  /** Puts what was written beside the file in its place, if it is still what it was. */
  #replace(expected: string): void {
    const { file } = this;
    const place = this.#place;
    if (!isStill(place.at(place.name), expected, this.#inode)) throw fail('vm-file-changed', { path: file });
    system(file, () => {
      const fresh = beside(place, 'new');
      const { ino } = statSync(place.at(fresh));
      putInPlace(place, fresh);
      this.#inode = ino;
    });
  }

  #write(bytes: Uint8Array): void {
    const { mode, uid, gid } = this.#info;
    writeBeside(this.#place, beside(this.#place, 'new'), bytes, { mode, exactly: true, owner: { uid, gid } });
  }

  [Symbol.dispose](): void {
    try {
      if (this.#prepared !== undefined) rmSync(this.#place.at(beside(this.#place, 'new')), { force: true });
      this.#lock[Symbol.dispose]();
    } catch {
      // the folder was closed to us meanwhile; the next qplug that changes the file takes both away
    } finally {
      this.#place[Symbol.dispose]();
    }
  }
}

/**
 * Makes a change of a file, whole or not at all. One that was made already is left as it is.
 *
 * @throws QplugError `vm-file-changed` where the file is neither as before nor as after · as `holdVmFile`
 */
export async function performFileChange(change: FileChange, signal: AbortSignal): Promise<void> {
  await turn(change, signal);
}

/**
 * Undoes a change of a file: its bytes are those from before. One that was never made, or is undone, is left as it is.
 *
 * @throws QplugError `vm-file-changed` where somebody changed the file since · as `holdVmFile`
 */
export async function undoFileChange(change: FileChange, signal: AbortSignal): Promise<void> {
  const { file, before, after, splices } = change;
  await turn({ file, before: after, after: before, splices: inverse(splices) }, signal);
}

async function turn({ file, before, after, splices }: FileChange, signal: AbortSignal): Promise<void> {
  using held = await holdVmFile(file, signal);
  if (held.hash === after) return;
  if (held.hash !== before) throw fail('vm-file-changed', { path: file });
  held.prepare(splices);
  held.commit();
}

function isStill(file: string, hash: string, inode: number): boolean {
  try {
    return lstatSync(file).ino === inode && hashOf(readPlainFile(file, MAX_BYTES)) === hash;
  } catch {
    return false;
  }
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function system(file: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    throw asUnwritable(file, error);
  }
}

/** What the system refuses, in our words; anything else as it is. */
function asUnwritable(file: string, error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (error instanceof NotOursError)
    return fail('vm-file-unwritable', { path: file, reason: message }, { cause: error });
  if (!(error instanceof Error) || code === undefined || !/^E[A-Z]+$/.test(code)) return error;
  return fail('vm-file-unwritable', { path: file, reason: message }, { cause: error });
}
