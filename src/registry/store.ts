import { closeSync, constants, existsSync, lstatSync, openSync } from 'node:fs';
import nodeModule from 'node:module';
import { dirname } from 'node:path';
import type Database from 'libsql';
import { makeOwnFolder } from '../base/index.js';
import { type Code, fail, QplugError } from '../diag/index.js';

/** What a column of ours is given. */
export type Value = string | number | null;

/** A row as it is read, by the names of its columns. */
export type Row = Readonly<Record<string, string | null>>;

/** One database of qplug's: what it is called and how it came to be what it is. */
export interface StoreDesign {
  /** For messages: `claims`. */
  readonly name: string;
  /** SQLite's `application_id`, so that no other program's file is taken for ours. */
  readonly application: number;
  /** SQL that makes of each version the next; the first makes version 1 of an empty file. */
  readonly migrations: readonly string[];
}

/** ms that a process waits for another one's transaction, which takes less than one. */
const BUSY_TIMEOUT = 5000;

/** ms between two tries where SQLite does not wait by itself. */
const BUSY_PAUSE = 5;

/**
 * A small SQL database that several processes use at once. This is the one file that knows the driver: libsql, since Node 20 has
 * none of its own.
 *
 * Every change is one immediate transaction: of two processes one is first, and the other one sees what it did. The file (0600) is
 * made in a folder of 0700. It works with a write-ahead log (WAL), in which a process that is killed loses nothing that was
 * committed.
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
   * Opens a database, makes it when there is none, and brings an older one up to date.
   *
   * @throws QplugError, and nothing was changed: `store-newer` of a later qplug · `store-broken` no database, or another program's ·
   *   `store-locked` another process has held it for too long · `store-full` · `store-unwritable` · `store-no-driver`
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
   * @param from - the rest of the question, behind `FROM`
   * @param decode - makes something of a row, or throws a SyntaxError: then the file is broken
   */
  rows<T>(columns: readonly string[], from: string, values: readonly Value[], decode: (row: Row) => T): T[] {
    return worded(this.path, this.#name, () => rowsOf(this.#db, columns, from, values).map(decode));
  }

  /** Does one statement. @returns how many rows it changed */
  run(sql: string, values: readonly Value[] = []): number {
    return worded(this.path, this.#name, () => this.#db.prepare(sql).run([...values]).changes);
  }

  /** Does something as a whole or not at all, alone among all processes. It must not wait for anything. */
  transaction<T>(work: () => T): T {
    return worded(this.path, this.#name, () => transaction(this.#db, 'IMMEDIATE', work));
  }

  [Symbol.dispose](): void {
    this.#db.close();
  }
}

/** All is read as bytes: the driver ends the process (a panic of its Rust) over a text that is no UTF-8. */
function rowsOf(db: Database.Database, columns: readonly string[], from: string, values: readonly Value[]): Row[] {
  const asked = columns.map((name) => `CAST(${name} AS BLOB) AS ${name}`).join(', ');
  const rows = db.prepare(`SELECT ${asked} FROM ${from}`).all([...values]) as Record<string, Uint8Array | null>[];
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const decode = (bytes: Uint8Array | null | undefined): string | null => {
    try {
      return bytes == null ? null : text.decode(bytes);
    } catch {
      throw new SyntaxError('a text in it is no UTF-8');
    }
  };
  return rows.map((row) => Object.fromEntries(columns.map((name) => [name, decode(row[name])])));
}

/** @returns whether there is a database, so that who has nothing to look up need not load the driver */
export function storeExists(path: string): boolean {
  return existsSync(path);
}

/**
 * Makes the file, so that it is nobody else's to read. One that is there is not opened: to close a file takes away the locks that other
 * connections of this process have on it (fcntl(2)), and then a second process thinks itself alone, and commits are lost.
 */
function makeFile(path: string): void {
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (there !== undefined) {
    // SQLite would follow a link
    if (!there.isFile()) throw Object.assign(new Error('it is no file'), { code: 'ENOTSUP' });
    return;
  }
  try {
    closeSync(openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o600));
  } catch (error) {
    // another process has made it just now
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
 * Does something again while another process is in its way. SQLite waits by itself but for one thing: who changes a database to WAL
 * while another one reads it is refused at once (btree.c, sqlite3BtreeBeginTrans: a reader that wants to write is never made wait).
 *
 * @param attempt - what can be done twice
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

/** Whose a database is, and how far it has come. */
interface Identity {
  readonly application: number;
  readonly version: number;
  readonly journal: string;
  /** Nothing was ever written to it. */
  readonly isNew: boolean;
}

/** All of one moment: another process may be making the database just now. */
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
  // what a power cut takes is gone from the runtime folder anyway; a process that is killed loses nothing
  db.exec('PRAGMA synchronous = NORMAL');
  if (found.version < migrations.length) {
    transaction(db, 'IMMEDIATE', () => {
      // another process may have done it while this one waited
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

/** SQLite's result codes (sqlite.org/rescode.html), by what a person can do. Anything else of SQLite's means a broken file. */
const MEANINGS: readonly (readonly [RegExp, 'store-locked' | 'store-full' | 'store-unwritable'])[] = [
  [/^SQLITE_(BUSY|LOCKED|PROTOCOL)/, 'store-locked'],
  [/^(SQLITE_FULL|ENOSPC|EDQUOT)/, 'store-full'],
  [/^(SQLITE_(READONLY|CANTOPEN|PERM|IOERR|AUTH)|E[A-Z]+$)/, 'store-unwritable'],
];

/** @throws QplugError in place of what the driver, SQLite or the system throws */
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

/** @returns SQLite's or the system's name for what went wrong; undefined for a mistake of ours */
function codeOf(error: Error): string | undefined {
  const { code } = error as NodeJS.ErrnoException;
  if (typeof code === 'string' && /^(SQLITE_|E[A-Z]+$)/.test(code)) return code;
  return error.message.startsWith('ConnectionFailed') ? 'SQLITE_CANTOPEN' : undefined;
}
