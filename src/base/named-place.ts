import { closeSync, constants, fstatSync, openSync, readlinkSync, type Stats } from 'node:fs';
import { basename, dirname } from 'node:path';
import { ownUid } from './own-folder.js';
import { isInProc, lookIn, MAX_LINKS, O_PATH, pathError, pathOfOpen } from './path-walk.js';

const { O_DIRECTORY, O_NOFOLLOW } = constants;

const [STICKY, GROUP_WRITES, ALL_WRITE] = [0o1000, 0o020, 0o002];

/** The place of a file, existing or not: an open folder, and a name in it. It stays that folder even if something is renamed. */
export interface NamedPlace extends Disposable {
  /** The name in the folder. */
  readonly name: string;
  /** Absolute, links followed. */
  readonly path: string;
  /** The file there, without following a final link; undefined: nothing. */
  readonly there: Stats | undefined;
  /** Whether the given name is a link. */
  readonly linked: boolean;
  /** @returns a path of a name in exactly that folder, valid until this is disposed of */
  at(name: string): string;
}

/** Another user controls the place of a file. The message is a clause that says how. */
export class NotOursError extends Error {
  override readonly name = 'NotOursError';
}

/**
 * @returns why the system or `openPlace` refuses a place, in a few words: Node.js's message goes on with the call and a path that nobody
 *   named; undefined for any other error
 */
export function refusalOfPlace(error: unknown): string | undefined {
  const { code, message } = error as NodeJS.ErrnoException;
  if (!(error instanceof NotOursError) && (code === undefined || !/^E[A-Z]+$/.test(code))) return undefined;
  return message.split(',')[0] ?? message;
}

/**
 * Opens the place of a file to write, step by step, so that no other user can redirect it: follows a link only if root or this user must
 * have created it. (For a folder like /tmp the kernel has that rule too: fs.protected_symlinks, sysctl/fs.)
 *
 * @param path - the folder must exist, the file need not
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
      if (isLast && ['', '.', '..'].includes(name)) throw pathError('EISDIR', path);
      if (name === '' || name === '.') continue;
      const found = walk.look(name);
      if (found?.isSymbolicLink()) {
        walk.requireOurs(name, found);
        links += 1;
        if (links > MAX_LINKS) throw pathError('ELOOP', path);
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

/** The same for a file in a folder of qplug's own, already checked (`requireOwnFolder`); does not follow a link in the file's place. */
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

/** An open folder, and the rest of the path. */
class Walk implements Disposable {
  #folder: number;

  constructor(start: string) {
    this.#folder = openSync(start, O_PATH | O_DIRECTORY);
  }

  at(name: string): string {
    return `${pathOfOpen(this.#folder)}/${name}`;
  }

  /** @returns the file of that name here, without following a link; undefined: nothing */
  look(name: string): Stats | undefined {
    return lookIn(this.#folder, name);
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

  /** Whether a link here is a magic link of the kernel, whose text is not its target: /proc/PID/fd/N, but not /proc/self. */
  isMagic(): boolean {
    return isInProc(this.#folder) && this.#path() !== '/proc';
  }

  /** @throws NotOursError for a link that other users can have created here */
  requireOurs(name: string, link: Stats): void {
    const folder = fstatSync(this.#folder);
    const whose = whoWrites(folder);
    if (whose === 'we' || (whose === 'all, their own' && isOurs(link))) return;
    throw new NotOursError(`${this.#path()}/${name} is a link in a folder that others can change`);
  }

  /** @throws NotOursError for a file of another user in a folder where all users may create files */
  requireReplaceable(name: string, there: Stats | undefined): void {
    const folder = fstatSync(this.#folder);
    if (there === undefined || whoWrites(folder) !== 'all, their own' || isOurs(there)) return;
    throw new NotOursError(`${this.#path()}/${name} belongs to user ${there.uid}, in a folder that all may write in`);
  }

  #path(): string {
    return readlinkSync(pathOfOpen(this.#folder));
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

/** Which users can create files in a folder. For users other than root, their primary group counts as themselves. */
function whoWrites(folder: Stats): 'we' | 'others' | 'all, their own' {
  if (!isOurs(folder)) return 'others';
  const ownGroup = ownUid() !== 0 && folder.gid === process.getegid?.();
  const may = ALL_WRITE | (ownGroup ? 0 : GROUP_WRITES);
  if ((folder.mode & may) === 0) return 'we';
  return (folder.mode & STICKY) === 0 ? 'others' : 'all, their own';
}
