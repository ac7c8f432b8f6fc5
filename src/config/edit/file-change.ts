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

/** A change of a VM file as plain data, enough to perform and to undo it. */
export interface FileChange {
  /** Absolute, links followed. */
  readonly file: string;
  /** SHA-256 of the whole file in hexadecimal, before and after. */
  readonly before: string;
  readonly after: string;
  /** Of its text without byte-order mark, in order. */
  readonly splices: readonly Splice[];
}

/** A locked VM file: no other qplug changes it until this is disposed of. */
export interface HeldVmFile extends Disposable {
  /** Absolute, links followed. */
  readonly file: string;
  /** Without byte-order mark. */
  readonly text: string;
  /** SHA-256 of the whole file in hexadecimal. */
  readonly hash: string;
  /**
   * Writes the changed text to a temporary file beside the file, so that little can fail later. Does not change the file itself.
   *
   * @throws QplugError `vm-file-unwritable`
   */
  prepare(splices: readonly Splice[]): FileChange;
  /**
   * Replaces the file with the prepared text in one step. Does nothing if nothing was prepared.
   *
   * @throws QplugError `vm-file-changed` if another program changed the file since · `vm-file-unwritable`. Then the file is unchanged.
   */
  commit(): void;
  /**
   * Undoes `commit`: restores the original bytes. Does nothing if nothing was committed.
   *
   * @throws QplugError `vm-file-changed` if another program changed the file since · `vm-file-unwritable`. Then the file is unchanged.
   */
  undo(): void;
}

/**
 * Locks a VM file in order to change it. All changes happen in the folder that this opens, to the file that it finds there.
 *
 * @param path - a link is followed if only this user or root can have created it: then its target changes, and the link stays
 * @throws QplugError `vm-file-missing`, `vm-file-unreadable`, `vm-file-too-big`, `vm-file-not-text`, `vm-file-busy`, `vm-file-unwritable`
 */
export async function holdVmFile(path: string, signal: AbortSignal): Promise<HeldVmFile> {
  // reports an unreadable file before it creates anything beside it
  await readVmFileBytes(path, signal);
  const place = placeOf(path);
  let lock: Disposable | undefined;
  try {
    lock = await lockFile(place, signal);
    const info = lstatSync(place.at(place.name));
    const bytes = await readVmFileBytes(place.at(place.name), signal);
    // left by a killed qplug: the owner of the lock may remove it
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

  /** Replaces the file with the temporary file, if the file is still unchanged. */
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
      // the folder was closed to this user in the meantime; the next qplug that changes the file removes both
    } finally {
      this.#place[Symbol.dispose]();
    }
  }
}

/**
 * Performs a change of a file, completely or not at all. Does nothing if it was performed already.
 *
 * @throws QplugError `vm-file-changed` if the file has neither the old nor the new contents · as `holdVmFile`
 */
export async function performFileChange(change: FileChange, signal: AbortSignal): Promise<void> {
  await turn(change, signal);
}

/**
 * Undoes a change of a file: restores the old bytes. Does nothing if it was never performed, or is undone already.
 *
 * @throws QplugError `vm-file-changed` if another program changed the file since · as `holdVmFile`
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

/** Turns a system error into a finding; returns any other error unchanged. */
function asUnwritable(file: string, error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (error instanceof NotOursError)
    return fail('vm-file-unwritable', { path: file, reason: message }, { cause: error });
  if (!(error instanceof Error) || code === undefined || !/^E[A-Z]+$/.test(code)) return error;
  return fail('vm-file-unwritable', { path: file, reason: message }, { cause: error });
}
