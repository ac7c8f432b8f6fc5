import { type Stats, statSync } from 'node:fs';
import { throwIfShort } from './shortage.js';

/** @returns what a path is of, links followed; `none` also where that can't be seen */
export function kindOfFile(path: string): 'socket' | 'file' | 'other' | 'none' {
  let stat: Stats | undefined;
  try {
    stat = statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throwIfShort(error);
    // no path at all, or in a folder that is closed to us: whoever opens it says so
  }
  if (stat === undefined) return 'none';
  return stat.isSocket() ? 'socket' : stat.isFile() ? 'file' : 'other';
}

/** @returns whether two paths are of one file, links followed; false where either is not there */
export function isSameFile(one: string, other: string): boolean {
  try {
    const [a, b] = [statSync(one), statSync(other)];
    return a.dev === b.dev && a.ino === b.ino;
  } catch (error) {
    throwIfShort(error);
    return false;
  }
}

/** @returns whether there is a file, as opposed to a folder, a socket or nothing */
export function isThere(path: string): boolean {
  return kindOfFile(path) === 'file';
}
