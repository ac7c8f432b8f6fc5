import { readdirSync, readFileSync } from 'node:fs';

export interface OpenFiles {
  /** How many this process may have (RLIMIT_NOFILE, getrlimit(2)). */
  readonly limit: number;
  /** How many it has now. */
  readonly open: number;
}

/**
 * @returns the descriptors of this process (proc(5)); undefined where /proc does not tell
 * @throws the system's error where not even these can be read
 */
export function openFiles(): OpenFiles | undefined {
  const limit = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1];
  if (limit === undefined) return undefined;
  // the folder itself is open while it is read
  return { limit: Number(limit), open: readdirSync('/proc/self/fd').length - 1 };
}
