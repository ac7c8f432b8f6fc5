/** A value that is bound to a `?`. Both libraries bind a number as a floating-point number; a column of type INTEGER makes it an integer. */
export type SqlValue = string | number | null;

/** A row of a query whose columns are all BLOBs, by column names. */
export type SqlRow = Readonly<Record<string, Uint8Array | ArrayBuffer | null>>;

/** A connection to one database. All its methods throw SqliteError. */
export interface SqliteConnection {
  /**
   * @param sql - one query. Its columns must be BLOBs: libsql ends the process (a Rust panic) on a text that is not UTF-8, and node:sqlite
   *   replaces what is wrong in it
   */
  rows(sql: string, values: readonly SqlValue[]): SqlRow[];
  /** @returns SQLite's `user_version`. It is asked before each use, and this is its fastest way */
  userVersion(): number;
  /** Runs one statement. @returns the number of changed rows */
  change(sql: string, values: readonly SqlValue[]): number;
  /** Runs any number of statements that give no rows. */
  script(sql: string): void;
  close(): void;
}

/** A library that opens databases. */
export interface SqliteDriver {
  readonly name: 'node:sqlite' | 'libsql';
  /** Whether `close` gives the descriptors back at once; libsql keeps them until its statements are collected. */
  readonly freesAtClose: boolean;
  /**
   * @param path - an existing file, which may be empty
   * @param busyTimeout - ms to wait for another process's lock
   * @throws SqliteError
   */
  open(path: string, busyTimeout: number): SqliteConnection;
}

/** What SQLite could not do. */
export class SqliteError extends Error {
  /** Name of SQLite's result code: `SQLITE_BUSY`, or an extended one such as `SQLITE_IOERR_WRITE` (sqlite.org/rescode.html). */
  readonly code: string;

  constructor(code: string, cause: Error) {
    super(cause.message, { cause });
    this.name = 'SqliteError';
    this.code = code;
  }
}
