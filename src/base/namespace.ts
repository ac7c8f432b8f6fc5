import { readlinkSync } from 'node:fs';
import { throwIfShort } from './shortage.js';

/** The kinds of namespaces that decide what a process sees, as /proc/PID/ns names them (namespaces(7)). */
export type NamespaceKind = 'mnt' | 'net' | 'pid' | 'user';

/** @returns the inode of the namespace that a process is in; undefined if it has ended, or this user may not look (ptrace(2)) */
export function namespaceOf(pid: number | 'self', kind: NamespaceKind): number | undefined {
  try {
    const [, inode] = /^\w+:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/ns/${kind}`)) ?? [];
    return inode === undefined ? undefined : Number(inode);
  } catch (error) {
    throwIfShort(error);
    return undefined;
  }
}
