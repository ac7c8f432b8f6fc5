import { fail } from '../../diag/index.js';
import { libsqlDriver } from './libsql.js';
import { nodeSqliteDriver } from './node-sqlite.js';
import type { SqliteDriver } from './sqlite-driver.js';

let chosen: SqliteDriver | undefined;

/**
 * @returns Node's own SQLite, or else libsql; loads it on the first call
 * @throws QplugError `store-no-driver`
 */
export function sqliteDriver(): SqliteDriver {
  chosen ??= nodeSqliteDriver() ?? installed();
  return chosen;
}

function installed(): SqliteDriver {
  try {
    return libsqlDriver();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw fail('store-no-driver', { platform: `${process.platform}-${process.arch}`, reason }, { cause: error });
  }
}
