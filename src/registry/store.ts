import { closeSync, constants, existsSync, lstatSync, openSync } from 'node:fs';
import nodeModule from 'node:module';
import { dirname } from 'node:path';
import type Database from 'libsql';
import { makeOwnFolder } from '../base/index.js';
import { type Code, fail, QplugError } from '../diag/index.js';

/** A value for a column. */
export type ColumnValue = string | number | null;

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
 * A small SQL database that several processes use at once. Only this file uses the driver: libsql, because Node.js 20 has no SQLite.
 *
 * Every change is one immediate transaction: one of two processes is first, and the other sees its result. The file (0600) is in a folder
 * of 0700. It uses a write-ahead log (WAL), so a killed process loses no committed change.
 */
export class Store implements Disposable {
  readonly path: string;
  readonly #name: string;
  readonly #db: Database.Database;

  private constructor(path: string, name: string, db: Database.Database) {
    this.path = path;
    this.#name = name;
    this.#db = db;
  }

  /**
   * Opens a database; creates it if there is none, and upgrades an older one.
   *
   * @throws QplugError, with nothing changed: `store-newer` of a later release · `store-broken` no database, or another program's ·
   *   `store-locked` another process held it too long · `store-full` · `store-unwritable` · `store-no-driver`
   */
  static open(path: string, design: StoreDesign): Store {
    const { name } = design;
    return worded(path, name, () => {
      makeOwnFolder(dirname(path));
      makeFile(path);
      const db = new (driver())(path, { timeout: BUSY_TIMEOUT });
      try {
        patiently(() => upgrade(db, path, design));
        return new Store(path, name, db);
      } catch (error) {
        db.close();
        throw error;
      }
    });
  }

  /**
   * @param columns - their names
   * @param from - the rest of the query, after `FROM`
   * @param decode - decodes a row, or throws a SyntaxError: then the file is damaged
   */
  rows<T>(
    columns: readonly string[],
    from: string,
    values: readonly ColumnValue[],
    decode: (row: DatabaseRow) => T,
  ): T[] {
    return worded(this.path, this.#name, () => rowsOf(this.#db, columns, from, values).map(decode));
  }

  /** Runs one statement. @returns the number of changed rows */
  run(sql: string, values: readonly ColumnValue[] = []): number {
    return worded(this.path, this.#name, () => this.#db.prepare(sql).run([...values]).changes);
  }

  /** Runs work as an exclusive transaction, completely or not at all. The work must not wait for anything. */
  transaction<T>(work: () => T): T {
    return worded(this.path, this.#name, () => transaction(this.#db, 'IMMEDIATE', work));
  }

  [Symbol.dispose](): void {
    this.#db.close();
  }
}

/** Reads everything as bytes, because the driver ends the process (a Rust panic) on a text that is not UTF-8. */
function rowsOf(
  db: Database.Database,
  columns: readonly string[],
  from: string,
  values: readonly ColumnValue[],
): DatabaseRow[] {
  const asked = columns.map((name) => `CAST(${name} AS BLOB) AS ${name}`).join(', ');
  const rows = db.prepare(`SELECT ${asked} FROM ${from}`).all([...values]) as Record<string, Uint8Array | null>[];
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const decode = (bytes: Uint8Array | null | undefined): string | null => {
    try {
      return bytes == null ? null : text.decode(bytes);
    } catch {
      throw new SyntaxError('a text in it is not UTF-8');
    }
  };
  return rows.map((row) => Object.fromEntries(columns.map((name) => [name, decode(row[name])])));
}

/** @returns whether there is a database; if not, there is no need to load the driver */
export function storeExists(path: string): boolean {
  return existsSync(path);
}

/**
 * Creates the file with mode 0600. Does not open an existing file: closing it would release the locks of this process's other connections
 * (fcntl(2)), and then two processes would write at once, and commits would be lost.
 */
function makeFile(path: string): void {
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (there !== undefined) {
    // SQLite would follow a link
    if (!there.isFile()) throw Object.assign(new Error('it is not a file'), { code: 'ENOTSUP' });
    return;
  }
  try {
    closeSync(openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o600));
  } catch (error) {
    // another process has just created it
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

function driver(): typeof Database {
  try {
    return nodeModule.createRequire(import.meta.url)('libsql') as typeof Database;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw fail('store-no-driver', { platform: `${process.platform}-${process.arch}`, reason }, { cause: error });
  }
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
      const busy = error instanceof Error && codeOf(error)?.startsWith('SQLITE_BUSY') === true;
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
function identityOf(db: Database.Database): Identity {
  const read = (pragma: string): string => pragmaOf(db, pragma);
  return transaction(db, 'DEFERRED', () => {
    const [application, version] = [Number(read('application_id')), Number(read('user_version'))];
    const isNew = application === 0 && version === 0 && Number(read('schema_version')) === 0;
    return { application, version, journal: read('journal_mode'), isNew };
  });
}

function pragmaOf(db: Database.Database, pragma: string): string {
  return rowsOf(db, [pragma], `pragma_${pragma}`, [])[0]?.[pragma] ?? '';
}

function upgrade(db: Database.Database, path: string, { name, application, migrations }: StoreDesign): void {
  const broken = (reason: string): QplugError => fail('store-broken', { name, path, reason });
  const refuseNewer = (version: number): void => {
    if (version > migrations.length) throw fail('store-newer', { name, path, version, known: migrations.length });
  };
  const found = identityOf(db);
  if (found.application !== application && !found.isNew) throw broken('it is a database of another program');
  refuseNewer(found.version);
  if (found.journal !== 'wal') db.exec('PRAGMA journal_mode = WAL');
  // a power cut empties the runtime folder anyway; a killed process loses nothing
  db.exec('PRAGMA synchronous = NORMAL');
  if (found.version < migrations.length) {
    transaction(db, 'IMMEDIATE', () => {
      // another process may have upgraded it while this one waited
      const version = Number(pragmaOf(db, 'user_version'));
      refuseNewer(version);
      for (const sql of migrations.slice(version)) db.exec(sql);
      db.exec(`PRAGMA application_id = ${application}; PRAGMA user_version = ${migrations.length}`);
    });
  }
  const check = pragmaOf(db, 'quick_check');
  if (check !== 'ok') throw broken(check);
}

function transaction<T>(db: Database.Database, kind: 'IMMEDIATE' | 'DEFERRED', work: () => T): T {
  db.exec(`BEGIN ${kind}`);
  try {
    const result = work();
    db.exec('COMMIT');
    return result;
  } catch (error) {
    if (db.inTransaction) db.exec('ROLLBACK');
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
  const { code } = error as NodeJS.ErrnoException;
  if (typeof code === 'string' && /^(SQLITE_|E[A-Z]+$)/.test(code)) return code;
  return error.message.startsWith('ConnectionFailed') ? 'SQLITE_CANTOPEN' : undefined;
}
