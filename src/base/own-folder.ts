import { lstatSync, mkdirSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { fail } from '../diag/index.js';
import { throwIfShort } from './shortage.js';

/** Why a file or folder may be changed by somebody who is neither root nor whoever runs this. */
export interface Untrusted {
  /** What is at fault: the thing itself, or a folder that it stands in. */
  readonly path: string;
  readonly fault: 'link' | 'owner' | 'writable';
  /** Its owner. */
  readonly uid: number;
  /** Its permission bits. */
  readonly mode: number;
}

/** Others may add files to such a folder, and take away their own alone. */
const STICKY = 0o1000;

const OTHERS_WRITE = 0o022;

/** Whose this process's files are. */
export function ownUid(): number {
  return process.geteuid?.() ?? -1;
}

/**
 * Looks whether a file or folder can be changed, or replaced, by others: itself, and every folder above it, links followed. What is
 * owned by root or by `uid`, and writable by no one else, is trusted; a folder that all may write in is trusted when it is sticky, as
 * /tmp is, but not as the thing itself.
 *
 * @param path - absolute
 * @returns undefined where it is all right, or not there
 */
export function untrusted(path: string, uid: number = ownUid()): Untrusted | undefined {
  let real: string;
  try {
    real = realpathSync(path);
  } catch (error) {
    throwIfShort(error);
    return undefined;
  }
  for (let at = real; ; at = dirname(at)) {
    const fault = faultOf(at, uid, at !== real);
    if (fault !== undefined || at === dirname(at)) return fault;
  }
}

function faultOf(path: string, uid: number, above: boolean): Untrusted | undefined {
  const now = lstatSync(path, { throwIfNoEntry: false });
  if (now === undefined) return undefined;
  const told = { path, uid: now.uid, mode: now.mode & 0o7777 };
  if (now.isSymbolicLink()) return { ...told, fault: 'link' };
  if (now.uid !== 0 && now.uid !== uid) return { ...told, fault: 'owner' };
  const isShared = above && (now.mode & STICKY) !== 0;
  return (now.mode & OTHERS_WRITE) !== 0 && !isShared ? { ...told, fault: 'writable' } : undefined;
}

/**
 * Refuses a folder of qplug's own in which others can put what they like: it is a link, belongs to another user, or others may write in it.
 * For root that goes for each folder above it too, since whoever can rename one of those has a folder of their own in its place. One
 * that is not there is all right.
 *
 * @throws QplugError `folder-not-ours`
 */
export function requireOwnFolder(path: string, uid: number = ownUid()): void {
  const now = lstatSync(path, { throwIfNoEntry: false });
  // what is no folder is told by whoever wants to write in it
  if (now === undefined || !(now.isDirectory() || now.isSymbolicLink())) return;
  const fault =
    faultOf(path, uid, false) ??
    (now.uid === uid ? undefined : ({ path, fault: 'owner', uid: now.uid, mode: now.mode & 0o7777 } as const)) ??
    (uid === 0 ? untrusted(path, uid) : undefined);
  if (fault !== undefined) throw fail('folder-not-ours', { folder: path, ...fault, us: uid });
}

/**
 * Makes a folder of qplug's own, 0700, with those above it, where there is none.
 *
 * @throws QplugError `folder-not-ours` · the system's error
 */
export function makeOwnFolder(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  requireOwnFolder(path);
}
