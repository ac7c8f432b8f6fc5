import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  type Stats,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { type NamedPlace, openOwnPlace } from './named-place.js';
import { ownUid } from './own-folder.js';
import { formatProcess, hasEnded, parseProcess, selfIdentity } from './process-identity.js';

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_RDONLY, O_WRONLY } = constants;

/** Only permission bits: qplug never creates a setuid program. */
const PERMISSIONS = 0o777;

/** Owner and permissions of a new file. */
export interface NewFile {
  /** Permission bits; other bits are ignored. */
  readonly mode: number;
  /** Whether to ignore the umask; default no. */
  readonly exactly?: boolean | undefined;
  /** Default: this user. */
  readonly owner?: Pick<Stats, 'uid' | 'gid'> | undefined;
  /** Whether a power cut must not take it away; default yes. */
  readonly isLasting?: boolean | undefined;
}

/**
 * Writes a new file beside another one, completely or not at all; it is on the disk when this returns, if it is to last. Does not follow a link, and does not
 * write to an existing file.
 *
 * @param name - its name until it replaces the other file
 * @param as - its owner and permissions
 * @throws the system's error
 */
export function writeBeside(place: NamedPlace, name: string, bytes: Uint8Array | string, as: NewFile): void {
  const fresh = place.at(name);
  const handle = openSync(fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, as.exactly === true ? 0o600 : as.mode);
  try {
    const made = fstatSync(handle);
    const { uid, gid } = as.owner ?? made;
    if (made.uid !== uid || made.gid !== gid) fchownSync(handle, uid, gid);
    if (as.exactly === true) fchmodSync(handle, as.mode & PERMISSIONS);
    writeFileSync(handle, bytes);
    if (as.isLasting !== false) fsyncSync(handle);
  } catch (error) {
    rmSync(fresh, { force: true });
    throw error;
  } finally {
    closeSync(handle);
  }
}

/** Replaces a file with the new file beside it, in one step; a power cut does not undo it. @throws the system's error */
export function putInPlace(place: NamedPlace, name: string, isLasting = true): void {
  renameSync(place.at(name), place.at(place.name));
  if (isLasting) syncFolder(place.at('.'));
}

/** Syncs a folder. Not every file system can; without it the file is in place, and will be on the disk soon. */
function syncFolder(path: string): void {
  try {
    const handle = openSync(path, O_RDONLY | O_DIRECTORY);
    try {
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
  } catch {
    // the default is fine
  }
}

/** The name of an incomplete file: hidden, so that it is no name of a VM or snapshot, and with the process that writes it. */
const UNFINISHED = /^\.qplug-(.+)\.[0-9a-f]+$/;

function unfinishedName(): string {
  // the name need not be secret: `writeBeside` never writes to an existing file
  const number = Math.floor(Math.random() * 2 ** 32).toString(16);
  return `.qplug-${formatProcess(selfIdentity())}.${number}`;
}

/**
 * Writes a file completely or not at all; a reader sees either the old or the new one.
 *
 * @param where - a place from `openPlace`, or a path in a folder of qplug's, where it replaces a link in the place of the file
 * @param options - `isLasting`, for a file in a folder of qplug's
 * @param mode - of a new file, and of each file in a folder of qplug's. Another file keeps its permissions, and its owner if root writes it
 * @throws the system's error
 */
export function writeWhole(
  where: NamedPlace | string,
  bytes: Uint8Array | string,
  mode: number,
  { isLasting = true }: Pick<NewFile, 'isLasting'> = {},
): void {
  if (typeof where === 'string') {
    using place = openOwnPlace(where);
    replace(place, bytes, { mode, exactly: true, isLasting });
    return;
  }
  const { there } = where;
  const was = there?.isFile() === true ? there : undefined;
  const owner = ownUid() === 0 ? was : undefined;
  replace(where, bytes, was === undefined ? { mode } : { mode: was.mode, exactly: true, owner });
}

function replace(place: NamedPlace, bytes: Uint8Array | string, as: NewFile): void {
  const fresh = unfinishedName();
  writeBeside(place, fresh, bytes, as);
  try {
    putInPlace(place, fresh, as.isLasting);
  } catch (error) {
    rmSync(place.at(fresh), { force: true });
    throw error;
  }
}

/** Removes a file in a folder of qplug's, if there is one; a power cut does not undo it. @throws the system's error */
export function removeWhole(path: string): void {
  rmSync(path, { force: true });
  syncFolder(dirname(path));
}

/** Removes incomplete files that killed processes left in a folder of qplug's. */
export function clearUnfinished(folder: string): void {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return;
  }
  for (const name of names) {
    const maker = parseProcess(UNFINISHED.exec(name)?.[1] ?? '');
    if (maker !== undefined && hasEnded(maker)) rmSync(join(folder, name), { force: true });
  }
}
