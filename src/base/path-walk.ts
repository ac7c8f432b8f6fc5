import { closeSync, constants, fstatSync, openSync, type Stats, statfsSync } from 'node:fs';

const { O_NOFOLLOW } = constants;

/** `O_PATH`, which Node.js does not export: a handle that needs no read permission (open(2); the same on all architectures of Node.js). */
export const O_PATH = 0o10000000;

/** Maximum number of links to follow, as in the kernel (path_resolution(7)). */
export const MAX_LINKS = 40;

/** `PROC_SUPER_MAGIC`, linux/magic.h. */
const PROC = 0x9fa0;

/** @returns the path of an open file, valid while it is open: the kernel follows it to exactly that file (proc(5)) */
export function pathOfOpen(fd: number): string {
  return `/proc/self/fd/${fd}`;
}

/** @returns whether an open folder is in a procfs, where the text of a link is not always its target */
export function isInProc(folder: number): boolean {
  return statfsSync(pathOfOpen(folder)).type === PROC;
}

/**
 * Opens the file of a name in an open folder, without following a link.
 *
 * @param name - without a slash
 * @returns undefined: nothing
 */
export function openIn(folder: number, name: string): number | undefined {
  try {
    return openSync(`${pathOfOpen(folder)}/${name}`, O_PATH | O_NOFOLLOW);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** @returns the file of a name in an open folder, without following a link; undefined: nothing */
export function lookIn(folder: number, name: string): Stats | undefined {
  const handle = openIn(folder, name);
  if (handle === undefined) return undefined;
  try {
    return fstatSync(handle);
  } finally {
    closeSync(handle);
  }
}

const TEXTS = {
  EISDIR: 'it is a folder',
  ELOOP: 'the links form a loop',
  ENAMETOOLONG: 'it has too many names',
  ENOENT: 'no such file or directory',
  ENOTDIR: 'not a directory',
  ESRCH: 'no such process',
} as const;

/** @returns an error in the form of those of Node.js's file system calls */
export function pathError(code: keyof typeof TEXTS, path: string): Error {
  return Object.assign(new Error(`${code}: ${TEXTS[code]}, open '${path}'`), { code, syscall: 'open', path });
}
