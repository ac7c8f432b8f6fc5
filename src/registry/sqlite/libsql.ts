import nodeModule from 'node:module';
import type Database from 'libsql';
import { PreparedStatements } from './prepared-statements.js';
import { type SqliteConnection, type SqliteDriver, SqliteError, type SqlRow } from './sqlite-driver.js';

/**
 * SQLite of the package libsql, for a Node that has none.
 *
 * Its `close` keeps the file open while a statement of the connection lives, and only the collector ends a statement: 300 times open,
 * query and close leave 600 descriptors (libsql 0.5.29).
 *
 * @throws Error if the package, or its part for this platform, is not there
 */
export function libsqlDriver(): SqliteDriver {
  const library = nodeModule.createRequire(import.meta.url)('libsql') as typeof Database;
  return {
    name: 'libsql',
    freesAtClose: false,
    open: (path, timeout) => worded(() => connect(library, path, timeout)),
  };
}

function connect(library: typeof Database, path: string, timeout: number): SqliteConnection {
  const db = new library(path, { timeout });
  const statements = new PreparedStatements((sql) => db.prepare(sql));
  return {
    rows: (sql, values) => worded(() => statements.get(sql).all([...values]) as SqlRow[]),
    userVersion: () =>
      worded(() => {
        const row = statements.get('PRAGMA user_version').get([]) as Record<string, unknown> | undefined;
        return Number(row?.['user_version']);
      }),
    change: (sql, values) => worded(() => statements.get(sql).run([...values]).changes),
    script: (sql) => worded(() => void db.exec(sql)),
    close: () => {
      statements.clear();
      worded(() => void db.close());
    },
  };
}

/** @throws SqliteError instead of an error of SQLite */
function worded<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (typeof code === 'string' && code.startsWith('SQLITE_')) throw new SqliteError(code, error);
    // it gives no code for a file that it can't open
    if (error.message.startsWith('ConnectionFailed')) throw new SqliteError('SQLITE_CANTOPEN', error);
    throw error;
  }
}
