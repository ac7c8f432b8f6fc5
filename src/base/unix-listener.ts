import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { identifyProcess, type ProcessIdentity } from './process-identity.js';

/** A socket that somebody listens on, as /proc/net/unix tells it (net/unix/af_unix.c, unix_seq_show). */
interface Listener {
  readonly inode: string;
  /** As it was bound: relative to the folder in which its process was then. */
  readonly path: string;
}

/** `__SO_ACCEPTCON`: it listens. */
const LISTENS = 0x10000;

function listeners(): Listener[] {
  let text: string;
  try {
    text = readFileSync('/proc/net/unix', 'utf8');
  } catch {
    return [];
  }
  return text.split('\n').flatMap((line) => {
    const [, flags = '', inode = '', path = ''] =
      /^[0-9a-f]+: [0-9A-F]+ [0-9A-F]+ ([0-9A-F]+) [0-9A-F]+ [0-9A-F]+ +(\d+) (.+)$/.exec(line) ?? [];
    return (Number.parseInt(flags, 16) & LISTENS) === 0 ? [] : [{ inode, path }];
  });
}

/**
 * Whether somebody listens on a Unix socket, without connecting to it: a QMP socket serves one client, which we need not be.
 *
 * @param path - absolute. One that was bound by a relative path counts by its name alone.
 */
export function isListening(path: string): boolean {
  return listeners().some((one) => mayBe(one, path));
}

function mayBe({ path }: Listener, wanted: string): boolean {
  return path === wanted || (!path.startsWith('/') && !path.startsWith('@') && basename(path) === basename(wanted));
}

/**
 * Who listens on a Unix socket.
 *
 * @param path - absolute
 * @returns undefined when nobody does, or it is not ours to see (another user's process, another network namespace)
 */
export function listenerOf(path: string): ProcessIdentity | undefined {
  const candidates = listeners().filter((one) => mayBe(one, path));
  if (candidates.length === 0) return undefined;
  for (const pid of processes()) {
    const found = candidates.find((one) => hasOpen(pid, one) && resolve(folderOf(pid), one.path) === path);
    if (found !== undefined) return identifyProcess(pid);
  }
  return undefined;
}

function processes(): number[] {
  return readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []));
}

function hasOpen(pid: number, { inode }: Listener): boolean {
  const folder = `/proc/${pid}/fd`;
  try {
    return readdirSync(folder).some((fd) => link(`${folder}/${fd}`) === `socket:[${inode}]`);
  } catch {
    return false;
  }
}

function folderOf(pid: number): string {
  return link(`/proc/${pid}/cwd`) ?? '/';
}

function link(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
