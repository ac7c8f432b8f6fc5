import { libsqlDriver, nodeSqliteDriver, type SqliteDriver } from '../../../src/registry/sqlite/index.js';

const ofNode = nodeSqliteDriver();

/** The SQLite libraries that this Node can load: libsql, and its own if it has one. */
export const DRIVERS: readonly SqliteDriver[] = [libsqlDriver(), ...(ofNode === undefined ? [] : [ofNode])];

/** The driver of that name; the one that qplug chooses if there is no name. */
export function driverNamed(name: string | undefined): SqliteDriver | undefined {
  if (name === undefined) return undefined;
  const found = DRIVERS.find((driver) => driver.name === name);
  if (found === undefined) throw new Error(`this Node has no ${name}`);
  return found;
}
