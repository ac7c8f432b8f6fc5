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
import { join } from 'node:path';
import { type NamedPlace, openOwnPlace } from './named-place.js';
import { ownUid } from './own-folder.js';
import { formatProcess, hasEnded, parseProcess, selfIdentity } from './process-identity.js';

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_RDONLY, O_WRONLY } = constants;

/** Permissions alone: a program that runs as its owner (setuid) is none of ours to make. */
const PERMISSIONS = 0o777;

/** Whose a new file is, and who may do what with it. */
export interface NewFile {
  /** Permissions; others bits are left out. */
  readonly mode: number;
  /** Whether the umask has no say; default it has. */
  readonly exactly?: boolean | undefined;
  /** Default whoever runs this. */
  readonly owner?: Pick<Stats, 'uid' | 'gid'> | undefined;
}

/**
 * Writes a new file beside another one, on the disk when this returns; it is not left half. A link is not followed, and nothing that is
 * there already is written to.
 *
 * @param name - what it is called until it takes the other's place
 * @param as - what it is to be
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
    fsyncSync(handle);
  } catch (error) {
    rmSync(fresh, { force: true });
    throw error;
  } finally {
    closeSync(handle);
  }
}

/** Puts what was written beside a file in its place, in one step; a power cut does not undo it. @throws the system's error */
export function putInPlace(place: NamedPlace, name: string): void {
  renameSync(place.at(name), place.at(place.name));
  syncFolder(place.at('.'));
}

/** Not every file system can. The file is in place then, and will be on the disk soon. */
function syncFolder(path: string): void {
  try {
    const handle = openSync(path, O_RDONLY | O_DIRECTORY);
    try {
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
  } catch {
    // as it is
  }
}

/** What a file is called until it is whole: hidden, so that no name of a VM or snapshot is one, and whose it is. */
const UNFINISHED = /^\.qplug-(.+)\.[0-9a-f]+$/;

function unfinishedName(): string {
  // not a secret: what is there already is not written to
  const number = Math.floor(Math.random() * 2 ** 32).toString(16);
  return `.qplug-${formatProcess(selfIdentity())}.${number}`;
}

/**
 * Writes a file whole or not at all; whoever reads it sees the one before or the one after.
 *
 * @param where - as `openPlace` gave it, or a path in a folder of qplug's own, where a link in the place of the file is replaced
 * @param mode - of one that is new, and of each in a folder of our own. Another one keeps its permissions, and its owner where root writes it
 * @throws the system's error
 */
export function writeWhole(where: NamedPlace | string, bytes: Uint8Array | string, mode: number): void {
  if (typeof where === 'string') {
    using place = openOwnPlace(where);
    replace(place, bytes, { mode, exactly: true });
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
    putInPlace(place, fresh);
  } catch (error) {
    rmSync(place.at(fresh), { force: true });
    throw error;
  }
}

/** Clears away what `writeWhole` left in a folder of ours when its process was killed. */
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
