import { closeSync, constants, fstatSync, openSync, readlinkSync, type Stats } from 'node:fs';
import { isInProc, MAX_LINKS, O_PATH, openIn, pathError, pathOfOpen } from './path-walk.js';
import { identifyProcess, isSameProcess, type ProcessIdentity } from './process-identity.js';

const { O_DIRECTORY } = constants;

/** The longest path that the kernel takes, in bytes (PATH_MAX with its NUL, path_resolution(7)). */
const MAX_BYTES = 4095;

/** The most folders on the way to a file. Each is open while the path is followed. */
const MAX_DEPTH = 128;

/** A file in the root of another process, held open without rights to its content: it stays that file whatever is renamed or mounted. */
export interface PathInRoot extends Disposable {
  /** A path of exactly that file, for connect(2), stat(2), open(2): valid until this is disposed of. Short. */
  readonly path: string;
  readonly stat: Stats;
  /**
   * @param path - in this folder; may have several names, `..` and links, and stays in the same root as this
   * @returns a handle of its own
   * @throws as `openInRoot`
   */
  at(path: string): PathInRoot;
}

/** A link that only the kernel can follow stands in the path. The message is a clause that says so. */
export class MagicLinkError extends Error {
  override readonly name = 'MagicLinkError';
}

/**
 * Opens a file as a process sees it, which may be in a container: never a file outside of that process's root, whatever the container has
 * in place of its files. Follows the path name by name: a link counts from that root, `..` stops at it. The kernel would follow an absolute
 * link in /proc/PID/root to a file of this process's own root (path_resolution(7)). A name of something that a process has open, such as
 * /proc/1/root or /proc/1/fd/3 (proc(5)), is not followed at all.
 *
 * A file system in user space can't hold up a process outside of the user namespace that mounted it (fuse_allow_current_process,
 * fs/fuse/dir.c).
 *
 * @param path - absolute: from the root of the process; else from its working folder, if that is below the root
 * @throws MagicLinkError · the system's error: `ESRCH`: that process has ended · `ENOENT`, `ENOTDIR`, `ELOOP`, `ENAMETOOLONG` ·
 *   `EACCES`: this user may not look into the process (ptrace(2), PTRACE_MODE_READ_FSCREDS)
 */
export function openInRoot(process: ProcessIdentity, path: string): PathInRoot {
  using walk = new RootWalk(rootOf(process, path));
  if (!path.startsWith('/')) walk.climbFrom(openOf(process, 'cwd', path), path);
  // of the same process still: what was opened is its root
  const now = identifyProcess(process.pid);
  if (now === undefined || !isSameProcess(now, process)) throw pathError('ESRCH', path);
  return walk.follow(path);
}

function rootOf(process: ProcessIdentity, path: string): number {
  const before = identifyProcess(process.pid);
  if (before === undefined || !isSameProcess(before, process)) throw pathError('ESRCH', path);
  return openOf(process, 'root', path);
}

function openOf({ pid }: ProcessIdentity, what: 'root' | 'cwd', path: string): number {
  try {
    return openSync(`/proc/${pid}/${what}`, O_PATH | O_DIRECTORY);
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'ENOENT' ? pathError('ESRCH', path) : error;
  }
}

/**
 * The files on the way from a root to a file, all open. `..` goes back to the folder that this came from: the kernel's would leave the root
 * when a folder was moved out of it meanwhile.
 */
class RootWalk implements Disposable {
  /** From the root to the file; never empty. */
  #way: number[];

  constructor(root: number, ...below: readonly number[]) {
    this.#way = [root, ...below];
  }

  get #last(): number {
    return this.#way.at(-1) ?? -1;
  }

  /**
   * Goes on from a folder, once all folders above it are known up to the root.
   *
   * @throws the system's error `ENOENT` if it is not below the root
   */
  climbFrom(folder: number, path: string): void {
    const root = fstatSync(this.#last);
    const way = [folder];
    try {
      for (;;) {
        const top = way[0] ?? -1;
        const at = fstatSync(top);
        if (isSame(at, root)) break;
        if (way.length > MAX_DEPTH) throw pathError('ENAMETOOLONG', path);
        const above = openSync(`${pathOfOpen(top)}/..`, O_PATH | O_DIRECTORY);
        way.unshift(above);
        if (isSame(fstatSync(above), at)) throw pathError('ENOENT', path);
      }
    } catch (error) {
      for (const fd of way) closeSync(fd);
      throw error;
    }
    // its first one is another handle of the root
    closeSync(this.#last);
    this.#way = way;
  }

  follow(path: string): PathInRoot {
    if (Buffer.byteLength(path) > MAX_BYTES) throw pathError('ENAMETOOLONG', path);
    if (path === '') throw pathError('ENOENT', path);
    if (path.startsWith('/')) this.#back(1);
    const todo = path.split('/');
    for (let links = 0; todo.length > 0; ) {
      const name = todo.shift() ?? '';
      if (!fstatSync(this.#last).isDirectory()) throw pathError('ENOTDIR', path);
      if (name === '..') this.#back(Math.max(1, this.#way.length - 1));
      if (['', '.', '..'].includes(name)) continue;
      const target = this.#enter(name, path);
      if (target === undefined) continue;
      links += 1;
      if (links > MAX_LINKS) throw pathError('ELOOP', path);
      if (target.startsWith('/')) this.#back(1);
      todo.unshift(...target.split('/'));
    }
    return this.#handOver();
  }

  /** @returns the text of a link; undefined for any other file, which is entered */
  #enter(name: string, path: string): string | undefined {
    if (this.#way.length > MAX_DEPTH) throw pathError('ENAMETOOLONG', path);
    const file = openIn(this.#last, name);
    if (file === undefined) throw pathError('ENOENT', path);
    let isLink = true;
    try {
      isLink = fstatSync(file).isSymbolicLink();
      if (!isLink) {
        this.#way.push(file);
        return undefined;
      }
      if (isInProc(file))
        throw new MagicLinkError('the path leads through a name of something that a process has open');
      // by its name: the handle of a link can't be read by its path. Another link there leads no further
      return readlinkSync(`${pathOfOpen(this.#last)}/${name}`);
    } finally {
      if (isLink) closeSync(file);
    }
  }

  /** Goes back until so many are left. */
  #back(left: number): void {
    for (const fd of this.#way.splice(left)) closeSync(fd);
  }

  #handOver(): PathInRoot {
    const way = this.#way;
    this.#way = [];
    const file = way.at(-1) ?? -1;
    try {
      return new OpenedPath(way, fstatSync(file));
    } catch (error) {
      for (const fd of way) closeSync(fd);
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#back(0);
  }
}

class OpenedPath implements PathInRoot {
  readonly stat: Stats;
  readonly path: string;
  #way: readonly number[];

  constructor(way: readonly number[], stat: Stats) {
    this.stat = stat;
    this.path = pathOfOpen(way.at(-1) ?? -1);
    this.#way = way;
    // of what is no folder, nobody asks for what is in it
    if (!stat.isDirectory()) for (const fd of this.#way.slice(0, -1)) closeSync(fd);
    if (!stat.isDirectory()) this.#way = this.#way.slice(-1);
  }

  at(path: string): PathInRoot {
    if (!this.stat.isDirectory()) throw pathError('ENOTDIR', path);
    const again: number[] = [];
    try {
      for (const fd of this.#way) again.push(openSync(pathOfOpen(fd), O_PATH | O_DIRECTORY));
    } catch (error) {
      for (const fd of again) closeSync(fd);
      throw error;
    }
    const [root = -1, ...below] = again;
    using walk = new RootWalk(root, ...below);
    return walk.follow(path);
  }

  [Symbol.dispose](): void {
    for (const fd of this.#way) closeSync(fd);
    this.#way = [];
  }
}

function isSame(one: Stats, other: Stats): boolean {
  return one.dev === other.dev && one.ino === other.ino;
}
