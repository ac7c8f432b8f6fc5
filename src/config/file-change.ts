import { createHash } from 'node:crypto';
import {
  closeSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { fail } from '../diag/index.js';
import { beside, lockFile } from './file-lock.js';
import { decodeVmFile, readVmFileBytes } from './load.js';
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
 * Takes a VM file in hand to change it.
 *
 * @param path - a link is followed: what it points to is changed, and the link stays
 * @throws QplugError `vm-file-missing`, `vm-file-unreadable`, `vm-file-too-big`, `vm-file-not-text`, `vm-file-busy`, `vm-file-unwritable`
 */
export async function holdVmFile(path: string, signal: AbortSignal): Promise<HeldVmFile> {
  // says what is wrong with a file that can't be read, before anything is made beside it
  await readVmFileBytes(path);
  const file = realpathSync(path);
  const lock = await lockFile(file, signal).catch((error: unknown) => {
    throw asUnwritable(file, error);
  });
  try {
    const info = statSync(file);
    const bytes = await readVmFileBytes(file);
    // left by one that was killed: whoever has the lock may take it away
    rmSync(beside(file, 'new'), { force: true });
    return new Held(file, bytes, info, lock);
  } catch (error) {
    lock[Symbol.dispose]();
    throw error;
  }
}

class Held implements HeldVmFile {
  readonly file: string;
  readonly text: string;
  readonly hash: string;
  readonly #info: Stats;
  readonly #mark: string;
  readonly #lock: Disposable;
  readonly #bytes: Uint8Array;
  #inode: number;
  #prepared: string | undefined;
  #committed: string | undefined;

  constructor(file: string, bytes: Uint8Array, info: Stats, lock: Disposable) {
    this.file = file;
    this.text = decodeVmFile(bytes, file);
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
    system(file, () => writeAs(this.#info, beside(file, 'new'), bytes));
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
    system(file, () => writeAs(this.#info, beside(file, 'new'), this.#bytes));
    this.#prepared = this.hash;
    this.#replace(this.#committed);
    this.#prepared = undefined;
    this.#committed = undefined;
  }

  /** Puts what was written beside the file in its place, if it is still what it was. */
  #replace(expected: string): void {
    const { file } = this;
    if (!isStill(file, expected, this.#inode)) throw fail('vm-file-changed', { path: file });
    system(file, () => {
      const { ino } = statSync(beside(file, 'new'));
      renameSync(beside(file, 'new'), file);
      this.#inode = ino;
    });
    syncFolder(dirname(file));
  }

  [Symbol.dispose](): void {
    try {
      if (this.#prepared !== undefined) rmSync(beside(this.file, 'new'), { force: true });
      this.#lock[Symbol.dispose]();
    } catch {
      // the folder was closed to us meanwhile; the next qplug that changes the file takes both away
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
    return statSync(file).ino === inode && hashOf(readFileSync(file)) === hash;
  } catch {
    return false;
  }
}

/** Writes a new file with the owner, group and mode of another, on the disk when this returns. */
function writeAs({ uid, gid, mode }: Stats, path: string, bytes: Uint8Array): void {
  const handle = openSync(path, 'wx', 0o600);
  try {
    const made = statSync(path);
    if (made.uid !== uid || made.gid !== gid) fchownSync(handle, uid, gid);
    fchmodSync(handle, mode & 0o7777);
    writeFileSync(handle, bytes);
    fsyncSync(handle);
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  } finally {
    closeSync(handle);
  }
}

/** So that a power cut does not take the new name back. Not every file system can. */
function syncFolder(folder: string): void {
  try {
    const handle = openSync(folder, 'r');
    try {
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
  } catch {
    // the file is in place, and will be on the disk soon
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
  if (!(error instanceof Error) || code === undefined || !/^E[A-Z]+$/.test(code)) return error;
  return fail('vm-file-unwritable', { path: file, reason: message }, { cause: error });
}
