import { PreparedStatements } from './prepared-statements.js';
import { type SqliteConnection, type SqliteDriver, SqliteError, type SqlRow, type SqlValue } from './sqlite-driver.js';

/** What qplug uses of `node:sqlite`; the types of Node 20 have no such module. */
interface NodeSqlite {
  readonly DatabaseSync: new (path: string) => NodeDatabase;
}

interface NodeDatabase {
  exec(sql: string): void;
  prepare(sql: string): NodeStatement;
  close(): void;
}

interface NodeStatement {
  all(...values: SqlValue[]): SqlRow[];
  get(): Readonly<Record<string, unknown>> | undefined;
  run(...values: SqlValue[]): { readonly changes: number | bigint };
}

const MODULE = 'node:sqlite';

/**
 * SQLite of Node itself. What the releases differ in, and so is not used: the option `timeout` (not in 22.13) and `isTransaction`.
 *
 * @returns undefined where Node has none: 20, 22 before 22.13 (there it is behind a flag), or a Node that was built without it
 */
export function nodeSqliteDriver(): SqliteDriver | undefined {
  const library = loaded();
  if (library === undefined) return undefined;
  return { name: MODULE, freesAtClose: true, open: (path, timeout) => worded(() => connect(library, path, timeout)) };
}

/**
 * Loads the module without the warning that Node 22 and 24 print when it is loaded (emitExperimentalWarning in lib/internal/util.js, which
 * calls `process.emitWarning` at once). Any other warning passes.
 */
function loaded(): NodeSqlite | undefined {
  const { emitWarning } = process;
  process.emitWarning = ((warning: string | Error, ...rest: unknown[]): void => {
    if (rest[0] === 'ExperimentalWarning' && /\bSQLite\b/.test(String(warning))) return;
    Reflect.apply(emitWarning, process, [warning, ...rest]);
  }) as typeof process.emitWarning;
  try {
    const found = process.getBuiltinModule?.(MODULE) as Partial<NodeSqlite> | undefined;
    return typeof found?.DatabaseSync === 'function' ? (found as NodeSqlite) : undefined;
  } finally {
    process.emitWarning = emitWarning;
  }
}

function connect(library: NodeSqlite, path: string, timeout: number): SqliteConnection {
  const db = new library.DatabaseSync(path);
  db.exec(`PRAGMA busy_timeout = ${timeout}`);
  const statements = new PreparedStatements((sql) => db.prepare(sql));
  return {
    rows: (sql, values) => worded(() => statements.get(sql).all(...values)),
    userVersion: () => worded(() => Number(statements.get('PRAGMA user_version').get()?.['user_version'])),
    change: (sql, values) => worded(() => Number(statements.get(sql).run(...values).changes)),
    script: (sql) => worded(() => db.exec(sql)),
    close: () => {
      statements.clear();
      worded(() => db.close());
    },
  };
}

/** SQLite's result codes (sqlite.org/rescode.html) that have a meaning of their own here, by the lowest byte of `errcode`. */
const CODES: ReadonlyMap<number, string> = new Map([
  [3, 'SQLITE_PERM'],
  [5, 'SQLITE_BUSY'],
  [6, 'SQLITE_LOCKED'],
  [8, 'SQLITE_READONLY'],
  [10, 'SQLITE_IOERR'],
  [11, 'SQLITE_CORRUPT'],
  [13, 'SQLITE_FULL'],
  [14, 'SQLITE_CANTOPEN'],
  [15, 'SQLITE_PROTOCOL'],
  [19, 'SQLITE_CONSTRAINT'],
  [23, 'SQLITE_AUTH'],
  [26, 'SQLITE_NOTADB'],
]);

/** @throws SqliteError instead of an error of SQLite */
function worded<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    const { code, errcode } = error as { code?: unknown; errcode?: unknown };
    if (!(error instanceof Error) || code !== 'ERR_SQLITE_ERROR') throw error;
    throw new SqliteError(CODES.get(Number(errcode) & 0xff) ?? 'SQLITE_ERROR', error);
  }
}
