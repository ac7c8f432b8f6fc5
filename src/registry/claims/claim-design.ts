import type { StoreDesign } from '../store.js';

/**
 * The tables of claims, of suspended VMs, of devices detached by hand, and of lost devices. A released version never changes: a change adds the
 * next version, and test/fixtures/stores gets a file of the version before.
 */
export const CLAIM_DESIGN: StoreDesign = {
  name: 'claims',
  /** "qpcl" */
  application: 0x71_70_63_6c,
  migrations: [
    `CREATE TABLE claim (
       connector  TEXT NOT NULL,
       vendor_id  INTEGER NOT NULL,
       product_id INTEGER NOT NULL,
       serial     TEXT NOT NULL,
       vm         TEXT NOT NULL,
       socket     TEXT NOT NULL,
       process    TEXT,
       state      TEXT NOT NULL CHECK (state IN ('attaching', 'attached', 'detaching', 'failed')),
       reason     TEXT,
       worker     TEXT,
       device     TEXT NOT NULL,
       label      TEXT NOT NULL,
       port       TEXT NOT NULL,
       drivers    TEXT NOT NULL,
       since      TEXT NOT NULL,
       PRIMARY KEY (connector, vendor_id, product_id, serial)
     ) STRICT, WITHOUT ROWID`,
    `CREATE TABLE suspension (
       socket  TEXT NOT NULL PRIMARY KEY,
       vm      TEXT NOT NULL,
       process TEXT,
       devices TEXT NOT NULL,
       since   TEXT NOT NULL
     ) STRICT, WITHOUT ROWID`,
    `ALTER TABLE claim ADD COLUMN address TEXT;
     ALTER TABLE claim ADD COLUMN guard_off TEXT NOT NULL DEFAULT '[]'`,
    `ALTER TABLE claim ADD COLUMN socket_file TEXT;
     ALTER TABLE suspension ADD COLUMN socket_file TEXT`,
    `CREATE TABLE dismissal (
       socket      TEXT NOT NULL,
       connector   TEXT NOT NULL,
       vendor_id   INTEGER NOT NULL,
       product_id  INTEGER NOT NULL,
       serial      TEXT NOT NULL,
       vm          TEXT NOT NULL,
       process     TEXT,
       socket_file TEXT,
       label       TEXT NOT NULL,
       since       TEXT NOT NULL,
       PRIMARY KEY (socket, connector, vendor_id, product_id, serial)
     ) STRICT, WITHOUT ROWID`,
    `CREATE TABLE lost (
       socket      TEXT NOT NULL,
       connector   TEXT NOT NULL,
       vendor_id   INTEGER NOT NULL,
       product_id  INTEGER NOT NULL,
       serial      TEXT NOT NULL,
       vm          TEXT NOT NULL,
       process     TEXT,
       socket_file TEXT,
       label       TEXT NOT NULL,
       bus         TEXT,
       port        TEXT,
       guard_off   TEXT NOT NULL,
       hold        INTEGER NOT NULL,
       also        TEXT NOT NULL,
       since       TEXT NOT NULL,
       PRIMARY KEY (socket, connector, vendor_id, product_id, serial)
     ) STRICT, WITHOUT ROWID`,
  ],
};
