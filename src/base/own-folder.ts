import { lstatSync, mkdirSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { fail } from '../diag/index.js';
import { throwIfShort } from './shortage.js';

/** Why a user other than root and this one may change a file or folder. */
export interface Untrusted {
  /** The insecure path: the file itself, or a folder above it. */
  readonly path: string;
  readonly fault: 'link' | 'owner' | 'writable';
  /** Its owner. */
  readonly uid: number;
  /** Its permission bits. */
  readonly mode: number;
}

/** In a folder with this bit that all users may write to, each user can remove only that user's own files. */
const STICKY = 0o1000;

const OTHERS_WRITE = 0o022;

/** The owner of this process's files. */
export function ownUid(): number {
  return process.geteuid?.() ?? -1;
}

/**
 * Checks whether other users can change or replace a file or folder: checks it and every folder above it, links followed. Trusts files of
 * root or of `uid` that no other user can write; trusts a world-writable folder above it if it is sticky, such as /tmp.
 *
 * @param path - absolute
 * @returns undefined if it is secure, or does not exist
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
 * Refuses a folder of qplug's that other users can change: it is a link, belongs to another user, or other users may write to it. For root
 * checks each folder above it too, because a user who can rename one of those can replace it. Accepts a folder that does not exist.
 *
 * @throws QplugError `folder-not-ours`
 */
export function requireOwnFolder(path: string, uid: number = ownUid()): void {
  const now = lstatSync(path, { throwIfNoEntry: false });
  // if it is not a folder, writing to it reports that
  if (now === undefined || !(now.isDirectory() || now.isSymbolicLink())) return;
  const fault =
    faultOf(path, uid, false) ??
    (now.uid === uid ? undefined : ({ path, fault: 'owner', uid: now.uid, mode: now.mode & 0o7777 } as const)) ??
    (uid === 0 ? untrusted(path, uid) : undefined);
  if (fault !== undefined) throw fail('folder-not-ours', { folder: path, ...fault, us: uid });
}

/**
 * Creates a folder of qplug's, 0700, and those above it, if they do not exist.
 *
 * @throws QplugError `folder-not-ours` · the system's error
 */
export function makeOwnFolder(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  requireOwnFolder(path);
}
