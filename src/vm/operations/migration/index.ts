/** A guest that moves to another QEMU. In: an open VM and a URI; out: a report, with the devices that stay here. */

export { type MigrateReport, type MigrateRequest, migrate, type StayedDevice } from './migrate.js';
export { type MigrationUri, parseMigrationUri } from './migration-uri.js';
