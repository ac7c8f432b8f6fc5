import { closeSync, constants, lstatSync, openSync } from 'node:fs';
import type { SqliteConnection, SqliteDriver } from './sqlite-driver.js';

/** Connections that a process keeps for files that nobody in it uses now, if the driver can't free them. */
const MOST_IDLE = 4;

/** The connections to the files that now have these paths, by driver and path; the one that was released last is last. */
const open = new Map<string, SharedConnection>();

/**
 * The connection of this process to one database, shared by all who use that file.
 *
 * A process that stays opens the same file again and again. If the driver does not free a connection at its close, the connection is kept
 * for the next user, so that its descriptors do not pile up.
 */
export class SharedConnection {
  readonly db: SqliteConnection;
  /** Whether the file was found sound. */
  isChecked = false;
  /** Whether one of its users is in a transaction. */
  isInTransaction = false;
  readonly #driver: SqliteDriver;
  readonly #path: string;
  /** The file that it has open: as long as it is open, no other file has this device and inode. */
  readonly #file: string;
  #users = 0;

  private constructor(driver: SqliteDriver, path: string, busyTimeout: number) {
    this.#driver = driver;
    this.#path = path;
    this.#file = makeFile(path);
    this.db = driver.open(path, busyTimeout);
  }

  /**
   * Opens a database; creates an empty file of mode 0600 if there is none. The caller ends its use with `release`.
   *
   * @param busyTimeout - ms to wait for another process's lock
   * @throws SqliteError · an error of the system, `ENOTSUP` for what is not a file
   */
  static take(driver: SqliteDriver, path: string, busyTimeout: number): SharedConnection {
    const key = keyOf(driver, path);
    let connection = open.get(key);
    if (connection?.isCurrent !== true) {
      open.delete(key);
      if (connection !== undefined) connection.#closeIfUnused();
      connection = new SharedConnection(driver, path, busyTimeout);
      open.set(key, connection);
    }
    connection.#users++;
    return connection;
  }

  /** Whether its file still has its path: it may have been deleted or replaced. */
  get isCurrent(): boolean {
    const there = lstatSync(this.#path, { bigint: true, throwIfNoEntry: false });
    return there !== undefined && fileOf(there) === this.#file;
  }

  /** Ends one use. */
  release(): void {
    this.#users--;
    if (this.#users > 0) return;
    const key = keyOf(this.#driver, this.#path);
    if (open.get(key) === this) {
      open.delete(key);
      if (!this.#driver.freesAtClose) open.set(key, this);
    }
    this.#closeIfUnused();
    const idle = [...open].filter(([, one]) => one.#users === 0);
    for (const [other, one] of idle.slice(0, -MOST_IDLE)) {
      open.delete(other);
      one.#closeIfUnused();
    }
  }

  /** Closes it if nobody uses it, and nobody will: `open` has another one for its path, or none. */
  #closeIfUnused(): void {
    if (this.#users === 0 && open.get(keyOf(this.#driver, this.#path)) !== this) this.db.close();
  }
}

function keyOf({ name }: SqliteDriver, path: string): string {
  return `${name} ${path}`;
}

function fileOf({ dev, ino }: { readonly dev: bigint; readonly ino: bigint }): string {
  return `${dev}:${ino}`;
}

/**
 * Creates the file with mode 0600. Does not open an existing file: closing it would release the locks of this process's other connections
 * (fcntl(2)), and then two processes would write at once, and commits would be lost.
 *
 * @returns its device and inode
 */
function makeFile(path: string): string {
  for (;;) {
    const there = lstatSync(path, { bigint: true, throwIfNoEntry: false });
    if (there !== undefined) {
      // SQLite would follow a link
      if (!there.isFile()) throw Object.assign(new Error('it is not a file'), { code: 'ENOTSUP' });
      return fileOf(there);
    }
    try {
      closeSync(openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o600));
    } catch (error) {
      // another process has just created it
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}
