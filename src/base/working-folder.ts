import { readlinkSync } from 'node:fs';
import { throwIfShort } from './shortage.js';

/** @returns the working folder of a process, as a path from its own root; undefined if it is gone, or this user may not look (proc(5)) */
export function workingFolderOf(pid: number): string | undefined {
  try {
    const folder = readlinkSync(`/proc/${pid}/cwd`);
    return folder.startsWith('/') && !folder.endsWith(' (deleted)') ? folder : undefined;
  } catch (error) {
    throwIfShort(error);
    return undefined;
  }
}
