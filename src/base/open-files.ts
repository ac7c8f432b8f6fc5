import { readdirSync, readFileSync } from 'node:fs';

export interface OpenFiles {
  /** Maximum number of descriptors of this process (RLIMIT_NOFILE, getrlimit(2)). */
  readonly limit: number;
  /** Its present number. */
  readonly open: number;
}

/**
 * @returns the descriptors of this process (proc(5)); undefined if /proc does not list them
 * @throws the system's error if there is no descriptor left for reading them
 */
export function openFiles(): OpenFiles | undefined {
  const limit = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1];
  if (limit === undefined) return undefined;
  // the folder itself is open during the read
  return { limit: Number(limit), open: readdirSync('/proc/self/fd').length - 1 };
}
