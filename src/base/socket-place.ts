import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  type Stats,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { fail } from '../diag/index.js';
import { type NamedPlace, openPlace, refusalOfPlace } from './named-place.js';
import { ownUid, untrusted } from './own-folder.js';
import { knockAt, MAX_PATH_BYTES, socketFileOf } from './unix-socket.js';

/**
 * The place of a new Unix socket. The socket is made in a folder that only this user can enter, and gets its name when its mode is right, by
 * link(2), which replaces nothing.
 *
 *     prepare -> listen at `bindAt` -> publish -> … -> withdraw
 */
export class SocketPlace implements Disposable {
  /** The path, absolute, links followed. */
  readonly path: string;
  /** Where to bind the socket; it has this name only until `publish`. Short, whatever the path is. */
  readonly bindAt: string;
  readonly #place: NamedPlace;
  readonly #room: string;
  /** A socket at the path on which nobody listens; undefined: nothing is there. */
  readonly #stale: Stats | undefined;
  #own: Stats | undefined;

  private constructor(place: NamedPlace, stale: Stats | undefined) {
    this.path = place.path;
    this.#place = place;
    this.#stale = stale;
    this.#room = `.qplug-${process.pid}-${randomBytes(8).toString('hex')}`;
    mkdirSync(place.at(this.#room), { mode: 0o700 });
    this.bindAt = `${place.at(this.#room)}/socket`;
  }

  /**
   * Checks a place, and makes it ready. A socket on which nobody listens any more may be there: `publish` replaces it.
   *
   * @throws QplugError `qmp-path-too-long` · `share-place-unsafe`: others can change the folder · `share-place-taken` ·
   *   `share-place-unusable`: there is no such folder, this user may not write to it, or others control a link in the path
   */
  static async prepare(path: string, signal: AbortSignal): Promise<SocketPlace> {
    const bytes = Buffer.byteLength(path);
    if (bytes > MAX_PATH_BYTES) throw fail('qmp-path-too-long', { address: path, bytes, limit: MAX_PATH_BYTES });
    const place = usable(path, () => openPlace(path));
    try {
      const unsafe = untrusted(dirname(place.path));
      if (unsafe !== undefined) throw fail('share-place-unsafe', { socket: path, ...unsafe });
      const { there } = place;
      if (there !== undefined) await requireStale(place, there, signal);
      return usable(path, () => new SocketPlace(place, there));
    } catch (error) {
      place[Symbol.dispose]();
      throw error;
    }
  }

  /** The folder of the socket. */
  get folder(): Stats {
    return statSync(this.#place.at('.'));
  }

  /**
   * Gives the socket at `bindAt` its path and the mode 0600, or for a group 0660.
   *
   * @param gid - the group whose users may connect; undefined: only this user may
   * @throws QplugError `share-place-taken`: something came there meanwhile · `share-place-unusable`: this user may not give it to the group ·
   *   the system's error
   */
  publish(gid?: number): void {
    if (gid !== undefined) usable(this.path, () => chownSync(this.bindAt, -1, gid));
    chmodSync(this.bindAt, gid === undefined ? 0o600 : 0o660);
    if (this.#stale !== undefined) this.#putAside(this.#stale);
    try {
      linkSync(this.bindAt, this.#at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      throw fail('share-place-taken', { socket: this.path, there: 'new' });
    }
    this.#own = lstatSync(this.#at);
    this.#leaveRoom();
  }

  get #at(): string {
    return this.#place.at(this.#place.name);
  }

  /** Removes the dead socket, and nothing that came there since. */
  #putAside(stale: Stats): void {
    const aside = `${this.#place.at(this.#room)}/stale`;
    try {
      renameSync(this.#at, aside);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      throw error;
    }
    if (!isSame(stale, lstatSync(aside))) linkSync(aside, this.#at);
    rmSync(aside);
  }

  #leaveRoom(): void {
    rmSync(this.bindAt, { force: true });
    try {
      rmdirSync(this.#place.at(this.#room));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }

  /** @returns device and inode of the socket, as `socketFileOf` gives them; undefined if it is not at its path any more */
  get file(): string | undefined {
    return this.#isOurs() ? socketFileOf(this.#at) : undefined;
  }

  #isOurs(): boolean {
    const now = lstatSync(this.#at, { throwIfNoEntry: false });
    return this.#own !== undefined && now !== undefined && isSame(this.#own, now);
  }

  /** Removes the socket from its path, unless something else has come there. */
  [Symbol.dispose](): void {
    try {
      if (this.#isOurs()) rmSync(this.#at);
      this.#own = undefined;
      this.#leaveRoom();
    } catch {
      // the folder is gone, or it has become read-only: nobody listens there, and the next one replaces the socket
    }
    this.#place[Symbol.dispose]();
  }
}

/** @throws QplugError `share-place-unusable` for what the system or `openPlace` refuses */
function usable<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const reason = refusalOfPlace(error);
    if (reason === undefined) throw error;
    throw fail('share-place-unusable', { socket: path, reason }, { cause: error });
  }
}

/** @throws QplugError `share-place-taken` for anything but a socket of this user on which nobody listens */
async function requireStale(place: NamedPlace, there: Stats, signal: AbortSignal): Promise<void> {
  const taken = (what: 'file' | 'other-user' | 'listens' | 'unknown'): Error =>
    fail('share-place-taken', { socket: place.path, there: what });
  if (!there.isSocket()) throw taken('file');
  if (there.uid !== ownUid()) throw taken('other-user');
  const heard = await knockAt(place.at(place.name), signal);
  signal.throwIfAborted();
  if (heard !== 'refused') throw taken(heard);
}

function isSame(one: Stats, other: Stats): boolean {
  return one.dev === other.dev && one.ino === other.ino;
}
