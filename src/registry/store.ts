import { existsSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeOwnFolder } from '../base/index.js';
import { type Code, fail, QplugError } from '../diag/index.js';
import {
  SharedConnection,
  type SqliteConnection,
  type SqliteDriver,
  SqliteError,
  type SqlRow,
  type SqlValue,
  sqliteDriver,
} from './sqlite/index.js';

/** A row, by column names. */
export type DatabaseRow = Readonly<Record<string, string | null>>;

/** The design of a database: its name, and its versions. */
export interface StoreDesign {
  /** For messages: `claims`. */
  readonly name: string;
  /** SQLite's `application_id`, so that qplug never mistakes another program's file for its own. */
  readonly application: number;
  /** SQL that upgrades each version to the next; the first creates version 1 in an empty file. */
  readonly migrations: readonly string[];
}

/** ms to wait for another process's transaction, which takes less than 1 ms. */
const BUSY_TIMEOUT = 5000;

/** ms between two attempts when SQLite does not wait by itself. */
const BUSY_PAUSE = 5;

/**
 * A small SQL database that several processes use at once, each with the SQLite library of its Node.
 *
 * Every change is one immediate transaction: one of two processes is first, and the other sees its result. The file (0600) is in a folder
 * of 0700. It uses a write-ahead log (WAL), so a killed process loses no committed change.
 *
 * All stores of a process share one connection to a file. Each use first looks whether the path still has that file, and opens the new one
 * if it has not; and whether a later qplug has upgraded the file meanwhile.
 */
export class Store implements Disposable {
  readonly path: string;
  readonly #design: StoreDesign;
  readonly #driver: SqliteDriver;
  #connection: SharedConnection | undefined;

  private constructor(path: string, design: StoreDesign, driver: SqliteDriver) {
    this.path = path;
    this.#design = design;
    this.#driver = driver;
    this.#connection = connect(path, design, driver);
  }

  /**
   * Opens a database; creates it if there is none, and upgrades an older one.
   *
   * @param driver - for tests; default: Node's own SQLite, or else libsql
   * @throws QplugError, with nothing changed: `store-newer` of a later release · `store-broken` no database, or another program's ·
   *   `store-locked` another process held it too long · `store-full` · `store-unwritable` · `store-no-driver`
   */
  static open(path: string, design: StoreDesign, driver: SqliteDriver = sqliteDriver()): Store {
    return worded(path, design.name, () => new Store(path, design, driver));
  }

  /**
   * @param columns - their names
   * @param from - the rest of the query, after `FROM`
   * @param decode - decodes a row, or throws a SyntaxError: then the file is damaged
   * @throws QplugError as `open`
   */
  rows<T>(columns: readonly string[], from: string, values: readonly SqlValue[], decode: (row: DatabaseRow) => T): T[] {
    return this.#use(({ db }) => rowsOf(db, columns, from, values).map(decode));
  }

  /** Runs one statement. @returns the number of changed rows. @throws QplugError as `open` */
  run(sql: string, values: readonly SqlValue[] = []): number {
    return this.#use(({ db }) => db.change(sql, values));
  }

  /**
   * Runs work as an exclusive transaction, completely or not at all. The work must not wait for anything.
   *
   * @throws QplugError as `open`
   */
  transaction<T>(work: () => T): T {
    return this.#use((connection) =>
      transaction(connection.db, 'IMMEDIATE', () => {
        connection.isInTransaction = true;
        try {
          return work();
        } finally {
          connection.isInTransaction = false;
        }
      }),
    );
  }

  [Symbol.dispose](): void {
    this.#connection?.release();
    this.#connection = undefined;
  }

  #use<T>(work: (connection: SharedConnection) => T): T {
    return worded(this.path, this.#design.name, () => work(this.#current()));
  }

  /** @returns the connection to the file that has the path now */
  #current(): SharedConnection {
    const connection = this.#connection;
    if (connection === undefined) throw new Error(`the database of ${this.#design.name} was closed`);
    if (connection.isInTransaction) return connection;
    if (connection.isCurrent) {
      refuseNewer(this.path, this.#design, connection.db.userVersion());
      return connection;
    }
    this.#connection = connect(this.path, this.#design, this.#driver);
    connection.release();
    return this.#connection;
  }
}

function connect(path: string, design: StoreDesign, driver: SqliteDriver): SharedConnection {
  makeOwnFolder(dirname(path));
  const connection = SharedConnection.take(driver, path, BUSY_TIMEOUT);
  try {
    patiently(() => upgrade(connection, path, design));
    return connection;
  } catch (error) {
    connection.release();
    throw error;
  }
}

/** Reads everything as bytes, because no driver reports a text that is not UTF-8. */
function rowsOf(
  db: SqliteConnection,
  columns: readonly string[],
  from: string,
  values: readonly SqlValue[],
): DatabaseRow[] {
  const asked = columns.map((name) => `CAST(${name} AS BLOB) AS ${name}`).join(', ');
  return db
    .rows(`SELECT ${asked} FROM ${from}`, values)
    .map((row) => Object.fromEntries(columns.map((name) => [name, textOf(row[name])])));
}

const UTF_8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** @throws SyntaxError for what is not UTF-8 */
function textOf(bytes: SqlRow[string] | undefined): string | null {
  try {
    return bytes == null ? null : UTF_8.decode(bytes);
  } catch {
    throw new SyntaxError('a text in it is not UTF-8');
  }
}

/** @returns whether there is a database; if not, there is no need to load the driver */
export function storeExists(path: string): boolean {
  return existsSync(path);
}

/**
 * Repeats an attempt while another process blocks it. SQLite waits by itself with one exception: it refuses at once to change a database
 * to WAL while another process reads it (btree.c, sqlite3BtreeBeginTrans: a reader that wants to write never waits).
 *
 * @param attempt - repeatable work
 */
function patiently(attempt: () => void): void {
  const deadline = Date.now() + BUSY_TIMEOUT;
  for (;;) {
    try {
      attempt();
      return;
    } catch (error) {
      const busy = error instanceof SqliteError && error.code.startsWith('SQLITE_BUSY');
      if (!busy || Date.now() > deadline) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BUSY_PAUSE);
    }
  }
}

/** The application id and the version of a database. */
interface Identity {
  readonly application: number;
  readonly version: number;
  readonly journal: string;
  /** Whether it is empty. */
  readonly isNew: boolean;
}

/** Reads everything in one transaction: another process may be creating the database now. */
function identityOf(db: SqliteConnection): Identity {
  const read = (pragma: string): string => pragmaOf(db, pragma);
  return transaction(db, 'DEFERRED', () => {
    const [application, version] = [Number(read('application_id')), db.userVersion()];
    const isNew = application === 0 && version === 0 && Number(read('schema_version')) === 0;
    return { application, version, journal: read('journal_mode'), isNew };
  });
}

function pragmaOf(db: SqliteConnection, pragma: string): string {
  return rowsOf(db, [pragma], `pragma_${pragma}`, [])[0]?.[pragma] ?? '';
}

function upgrade(connection: SharedConnection, path: string, design: StoreDesign): void {
  const { db, isChecked } = connection;
  const { name, application, migrations } = design;
  const broken = (reason: string): QplugError => fail('store-broken', { name, path, reason });
  const found = identityOf(db);
  if (found.application !== application && !found.isNew) throw broken('it is a database of another program');
  refuseNewer(path, design, found.version);
  if (found.journal !== 'wal') beginLog(db, path);
  // a power cut empties the runtime folder anyway; a killed process loses nothing
  if (!isChecked) db.script('PRAGMA synchronous = NORMAL');
  if (found.version < migrations.length) {
    transaction(db, 'IMMEDIATE', () => {
      // another process may have upgraded it while this one waited
      const version = db.userVersion();
      refuseNewer(path, design, version);
      for (const sql of migrations.slice(version)) db.script(sql);
      db.script(`PRAGMA application_id = ${application}; PRAGMA user_version = ${migrations.length}`);
    });
  }
  if (isChecked) return;
  const check = pragmaOf(db, 'quick_check');
  if (check !== 'ok') throw broken(check);
  connection.isChecked = true;
}

/** @throws QplugError `store-newer` */
function refuseNewer(path: string, { name, migrations }: StoreDesign, version: number): void {
  if (version > migrations.length) throw fail('store-newer', { name, path, version, known: migrations.length });
}

/**
 * Begins the write-ahead log, with an index of its own: the index of a database that was deleted or moved away stays beside it, and SQLite
 * would read the pages of that one by it, as long as any process has it open.
 *
 * While this process has the new file for itself and it has no log, no other process can have an index of it: whoever uses a log holds a
 * lock on the file. So the index that lies there is an old one.
 */
function beginLog(db: SqliteConnection, path: string): void {
  transaction(db, 'EXCLUSIVE', () => {
    if (pragmaOf(db, 'journal_mode') !== 'wal') rmSync(`${path}-shm`, { force: true });
  });
  db.script('PRAGMA journal_mode = WAL');
}

function transaction<T>(db: SqliteConnection, kind: 'IMMEDIATE' | 'DEFERRED' | 'EXCLUSIVE', work: () => T): T {
  db.script(`BEGIN ${kind}`);
  try {
    const result = work();
    db.script('COMMIT');
    return result;
  } catch (error) {
    try {
      db.script('ROLLBACK');
    } catch (failed) {
      // SQLite itself ends the transaction after some errors
      if (!(failed instanceof SqliteError)) throw failed;
    }
    throw error;
  }
}

/** SQLite's result codes (sqlite.org/rescode.html), by their fix. Any other error of SQLite means a damaged file. */
const MEANINGS: readonly (readonly [RegExp, 'store-locked' | 'store-full' | 'store-unwritable'])[] = [
  [/^SQLITE_(BUSY|LOCKED|PROTOCOL)/, 'store-locked'],
  [/^(SQLITE_FULL|ENOSPC|EDQUOT)/, 'store-full'],
  [/^(SQLITE_(READONLY|CANTOPEN|PERM|IOERR|AUTH)|E[A-Z]+$)/, 'store-unwritable'],
];

/** @throws QplugError instead of an error of the driver, of SQLite or of the system */
function worded<T>(path: string, name: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof QplugError || !(error instanceof Error)) throw error;
    if (error instanceof SyntaxError)
      throw fail('store-broken', { name, path, reason: error.message }, { cause: error });
    const code = codeOf(error);
    if (code === undefined) throw error;
    const meaning: Code = MEANINGS.find(([pattern]) => pattern.test(code))?.[1] ?? 'store-broken';
    if (meaning === 'store-locked') throw fail(meaning, { name, path, timeout: BUSY_TIMEOUT }, { cause: error });
    throw fail(meaning, { name, path, reason: error.message }, { cause: error });
  }
}

/** @returns SQLite's or the system's error code; undefined for a bug in qplug */
function codeOf(error: Error): string | undefined {
  if (error instanceof SqliteError) return error.code;
  const { code } = error as NodeJS.ErrnoException;
  return typeof code === 'string' && /^E[A-Z]+$/.test(code) ? code : undefined;
}
