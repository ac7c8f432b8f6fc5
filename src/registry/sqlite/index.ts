/**
 * SQLite, by whichever library this Node has: its own `node:sqlite`, or else the package libsql. In: the path of a database and SQL. Out:
 * rows of bytes, and errors with SQLite's own codes, the same from both. A process has one connection for each file, whoever asks for it.
 */

export { sqliteDriver } from './choose-driver.js';
export { libsqlDriver } from './libsql.js';
export { nodeSqliteDriver } from './node-sqlite.js';
export { SharedConnection } from './shared-connection.js';
export { type SqliteConnection, type SqliteDriver, SqliteError, type SqlRow, type SqlValue } from './sqlite-driver.js';
