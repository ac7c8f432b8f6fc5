import { type Stats, statSync } from 'node:fs';
import { throwIfShort } from './shortage.js';
import { openSocketFile } from './unix-socket.js';

/** @returns the kind of the file at a path, links followed as `openSocketFile` does; `none` also if it is invisible */
export function kindOfFile(path: string): 'socket' | 'file' | 'other' | 'none' {
  let stat: Stats | undefined;
  try {
    using file = openSocketFile(path);
    stat = statSync(file.path, { throwIfNoEntry: false });
  } catch (error) {
    throwIfShort(error);
    // no valid path, or in a folder that is closed to this user: opening it reports the error
  }
  if (stat === undefined) return 'none';
  return stat.isSocket() ? 'socket' : stat.isFile() ? 'file' : 'other';
}

/** @returns whether two paths lead to one file, links followed; false if either does not exist */
export function isSameFile(one: string, other: string): boolean {
  try {
    const [a, b] = [statSync(one), statSync(other)];
    return a.dev === b.dev && a.ino === b.ino;
  } catch (error) {
    throwIfShort(error);
    return false;
  }
}

/** @returns whether there is a regular file, rather than a folder, a socket or nothing */
export function isThere(path: string): boolean {
  return kindOfFile(path) === 'file';
}

/** @returns a text that changes with the file's content: its inode, size and times; undefined if there is no file */
export function fileStamp(path: string): string | undefined {
  try {
    using file = openSocketFile(path);
    const { dev, ino, size, mtimeNs, ctimeNs } = statSync(file.path, { bigint: true });
    return `${dev}:${ino} ${size} ${mtimeNs} ${ctimeNs}`;
  } catch (error) {
    throwIfShort(error);
    return undefined;
  }
}
