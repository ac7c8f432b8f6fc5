import { closeSync, constants, fstatSync, openSync, readlinkSync, type Stats, statfsSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { ownUid } from './own-folder.js';

const { O_DIRECTORY, O_NOFOLLOW } = constants;

/** `O_PATH`, which Node does not name: a handle of what is there, and no right to read it is needed (open(2); the same on all that Node runs on). */
const O_PATH = 0o10000000;

/** Links that are followed on the way, as in the kernel (path_resolution(7)). */
const MOST_LINKS = 40;

/** `PROC_SUPER_MAGIC`, linux/magic.h. */
const PROC = 0x9fa0;

const [STICKY, GROUP_WRITES, ALL_WRITE] = [0o1000, 0o020, 0o002];

/** Where a file is, or would be: a folder that was opened, and a name in it. Whatever is renamed meanwhile, it stays that folder. */
export interface NamedPlace extends Disposable {
  /** In the folder. */
  readonly name: string;
  /** Absolute, links followed. */
  readonly path: string;
  /** What is there itself, a link of the file's not followed any more; undefined: nothing. */
  readonly there: Stats | undefined;
  /** Whether the name that was given is a link. */
  readonly linked: boolean;
  /** @returns a path of a name in that very folder, for as long as this is not disposed of */
  at(name: string): string;
}

/** Somebody else decides what would be written to. Its message says how, as a clause. */
export class NotOursError extends Error {
  override readonly name = 'NotOursError';
}

/**
 * Opens the place of a file that is to be written, step by step, so that nobody can lead it elsewhere: a link counts only where nobody but
 * root and whoever runs this can have put it. (For a folder like /tmp the kernel has that rule too: fs.protected_symlinks, sysctl/fs.)
 *
 * @param path - the folder must be there, the file need not
 * @throws NotOursError · the system's error: `ENOENT`, `ENOTDIR`, `EISDIR` for a path that names a folder, `ELOOP`, …
 */
export function openPlace(path: string): NamedPlace {
  const walk = new Walk(path.startsWith('/') ? '/' : '.');
  try {
    const todo = path.split('/');
    let linked = false;
    for (let links = 0; ; ) {
      const name = todo.shift() ?? '';
      const isLast = todo.length === 0;
      if (isLast && ['', '.', '..'].includes(name)) throw systemError('EISDIR', path);
      if (name === '' || name === '.') continue;
      const found = walk.look(name);
      if (found?.isSymbolicLink()) {
        walk.requireOurs(name, found);
        links += 1;
        if (links > MOST_LINKS) throw systemError('ELOOP', path);
        linked ||= isLast;
        if (walk.isMagic()) {
          if (isLast) throw new NotOursError('it is a name of something that a process has open');
          walk.enter(name, 0);
          continue;
        }
        const target = walk.target(name);
        if (target.startsWith('/')) walk.restart();
        todo.unshift(...target.split('/'));
      } else if (isLast) {
        walk.requireReplaceable(name, found);
        return walk.place(name, found, linked);
      } else walk.enter(name, O_NOFOLLOW);
    }
  } catch (error) {
    walk[Symbol.dispose]();
    throw error;
  }
}

/** The same of a file in a folder of our own, which was found to be so (`requireOwnFolder`); a link in the file's place is not followed. */
export function openOwnPlace(path: string): NamedPlace {
  const walk = new Walk(dirname(path));
  try {
    const name = basename(path);
    return walk.place(name, walk.look(name), false);
  } catch (error) {
    walk[Symbol.dispose]();
    throw error;
  }
}

/** A folder that is open, and the way on from there. */
class Walk implements Disposable {
  #folder: number;

  constructor(start: string) {
    this.#folder = openSync(start, O_PATH | O_DIRECTORY);
  }

  at(name: string): string {
    return `/proc/self/fd/${this.#folder}/${name}`;
  }

  /** @returns what has a name here, itself; undefined: nothing */
  look(name: string): Stats | undefined {
    let handle: number;
    try {
      handle = openSync(this.at(name), O_PATH | O_NOFOLLOW);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
    try {
      return fstatSync(handle);
    } finally {
      closeSync(handle);
    }
  }

  enter(name: string, flags: number): void {
    this.#move(openSync(this.at(name), O_PATH | O_DIRECTORY | flags));
  }

  restart(): void {
    this.#move(openSync('/', O_PATH | O_DIRECTORY));
  }

  #move(folder: number): void {
    closeSync(this.#folder);
    this.#folder = folder;
  }

  target(name: string): string {
    return readlinkSync(this.at(name));
  }

  /** Whether a link here is one that the kernel follows by itself, and that says nothing of where: /proc/PID/fd/N, but not /proc/self. */
  isMagic(): boolean {
    return statfsSync(this.at('.')).type === PROC && this.#path() !== '/proc';
  }

  /** @throws NotOursError for a link that others can have put here */
  requireOurs(name: string, link: Stats): void {
    const folder = fstatSync(this.#folder);
    const whose = whoWrites(folder);
    if (whose === 'we' || (whose === 'all, their own' && isOurs(link))) return;
    throw new NotOursError(`${this.#path()}/${name} is a link in a folder that others can change`);
  }

  /** @throws NotOursError for what another user has put here, where all may put something */
  requireReplaceable(name: string, there: Stats | undefined): void {
    const folder = fstatSync(this.#folder);
    if (there === undefined || whoWrites(folder) !== 'all, their own' || isOurs(there)) return;
    throw new NotOursError(`${this.#path()}/${name} belongs to user ${there.uid}, in a folder that all may write in`);
  }

  #path(): string {
    return readlinkSync(`/proc/self/fd/${this.#folder}`);
  }

  place(name: string, there: Stats | undefined, linked: boolean): NamedPlace {
    const folder = this.#path();
    return {
      ...{ name, there, linked },
      path: folder === '/' ? `/${name}` : `${folder}/${name}`,
      at: (other) => this.at(other),
      [Symbol.dispose]: () => this[Symbol.dispose](),
    };
  }

  [Symbol.dispose](): void {
    if (this.#folder !== -1) closeSync(this.#folder);
    this.#folder = -1;
  }
}

function isOurs({ uid }: Stats): boolean {
  return uid === 0 || uid === ownUid();
}

/** Who can put something into a folder. A group that is the user's own first one is the user, for anyone but root. */
function whoWrites(folder: Stats): 'we' | 'others' | 'all, their own' {
  if (!isOurs(folder)) return 'others';
  const ownGroup = ownUid() !== 0 && folder.gid === process.getegid?.();
  const may = ALL_WRITE | (ownGroup ? 0 : GROUP_WRITES);
  if ((folder.mode & may) === 0) return 'we';
  return (folder.mode & STICKY) === 0 ? 'others' : 'all, their own';
}

const TEXTS = { EISDIR: 'it is a folder', ELOOP: 'links lead round in a circle' } as const;

function systemError(code: keyof typeof TEXTS, path: string): Error {
  return Object.assign(new Error(`${code}: ${TEXTS[code]}, open '${path}'`), { code, syscall: 'open', path });
}
