import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { QplugError } from '../../src/diag/index.js';
import { ClaimStore } from '../../src/registry/index.js';
import type { SqliteDriver } from '../../src/registry/sqlite/index.js';
import { DRIVERS } from '../unit/registry/drivers.js';
import { runs } from '../unit/runs.js';

const STORES = new URL('../fixtures/stores/', import.meta.url);
const REAL = ['claims-1.db', 'claims-2.db', 'claims-3.db', 'claims-5.db'].map((name) =>
  readFileSync(new URL(name, STORES)),
);

let runtime: string;
beforeEach(() => {
  runtime = mkdtempSync(join(tmpdir(), 'qplug-databases-'));
});
afterEach(() => rmSync(runtime, { recursive: true, force: true }));

/** Lays the bytes where the claims are, and reads, changes and reads them. @returns the code of what went wrong */
function use(bytes: Uint8Array, driver: SqliteDriver): string | undefined {
  for (const end of ['', '-wal', '-shm']) rmSync(join(runtime, `claims.db${end}`), { force: true });
  writeFileSync(join(runtime, 'claims.db'), bytes, { mode: 0o600 });
  try {
    using store = new ClaimStore(runtime, driver);
    const claims = store.list();
    store.suspensions.list();
    store.dismissals.put(store.dismissals.list());
    store.take(claims);
    expect(store.list()).toHaveLength(claims.length);
    return undefined;
  } catch (error) {
    if (!(error instanceof QplugError)) throw error;
    return error.code;
  }
}

const change = fc.record({ at: fc.nat(), value: fc.nat(255) });
const bent = fc
  .tuple(
    fc.constantFrom(...REAL),
    fc.array(change, { maxLength: 8 }),
    fc.option(fc.nat(), { nil: undefined }),
    fc.boolean(),
  )
  .map(([real, changes, cut, head]) => {
    const bytes = Uint8Array.from(real.subarray(0, cut === undefined ? real.length : cut % (real.length + 1)));
    // the first page has the header and the schema, on which most depends
    for (const { at, value } of changes)
      bytes[at % Math.max(1, head ? Math.min(512, bytes.length) : bytes.length)] = value;
    return bytes;
  });

test.each(DRIVERS)('a file of any content is a database of claims, or refused: $name', (driver) => {
  fc.assert(
    fc.property(fc.oneof(bent, bent, fc.uint8Array({ maxLength: 5000 })), (bytes) => {
      // unwritable: one whose header asks for a format of later releases
      expect([undefined, 'store-broken', 'store-newer', 'store-full', 'store-unwritable']).toContain(
        use(bytes, driver),
      );
    }),
    { numRuns: runs(60) },
  );
});
