import { statSync } from 'node:fs';
import { identifyProcess, isSameProcess, type ProcessIdentity } from './process-identity.js';
import { throwIfShort } from './shortage.js';
import { processIds } from './socket-peer.js';

/**
 * @param file - a path; compares the file, not the path
 * @returns the processes that have exactly that file as standard input, as far as this user may see them
 */
export function processesReading(file: string): ProcessIdentity[] {
  const there = fileAt(file);
  if (there === undefined) return [];
  return processIds().flatMap((pid) => {
    const before = identifyProcess(pid);
    if (before === undefined || fileAt(`/proc/${pid}/fd/0`) !== there) return [];
    const after = identifyProcess(pid);
    return after !== undefined && isSameProcess(before, after) ? [after] : [];
  });
}

/** @returns device and inode of a file, links followed */
function fileAt(path: string): string | undefined {
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch (error) {
    throwIfShort(error);
    return undefined;
  }
}
