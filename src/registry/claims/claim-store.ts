import { join } from 'node:path';
import type { SqliteDriver, SqlValue } from '../sqlite/index.js';
import { type DatabaseRow, Store, storeExists } from '../store.js';
import { type BoundBefore, CLAIM_STATES, type Claim, type ClaimKey, sameKey, sameOwner } from './claim.js';
import { CLAIM_DESIGN } from './claim-design.js';
import { keyOf, keyValues } from './claim-key.js';
import { guardsOf, listOf, ownerOf, processOf, textOf } from './column-text.js';
import { DismissalTable } from './dismissal-table.js';
import { LostDeviceTable } from './lost-device-table.js';
import { SuspensionTable } from './suspension-table.js';

const COLUMNS: readonly string[] = [
  ...['connector', 'vendor_id', 'product_id', 'serial', 'vm', 'socket', 'process'],
  ...['state', 'reason', 'worker', 'device', 'label', 'port', 'drivers', 'since'],
  ...['address', 'guard_off', 'socket_file'],
];
const THIS_KEY = 'connector = ? AND vendor_id = ? AND product_id = ? AND serial = ?';

/**
 * Which host devices belong to which VM: `<runtime>/claims.db`, in a folder that a reboot empties, because it ends all claims. Loads the
 * driver and opens the file on first use. A read does not create the file.
 *
 * A device has one claim or none, whatever other processes do: all changes are transactions, and each names the claim that it expects. This
 * class does not check whether an owner still exists.
 */
export class ClaimStore implements Disposable {
  readonly path: string;
  /** The suspended VMs: in the same file, with the same lifetime. */
  readonly suspensions: SuspensionTable = new SuspensionTable(
    () => (this.isUnused ? undefined : this.#open()),
    () => this.#open(),
  );
  /** The devices that VMs have lost and are to get back: in the same file, with the same lifetime. */
  readonly lost: LostDeviceTable = new LostDeviceTable(
    () => (this.isUnused ? undefined : this.#open()),
    () => this.#open(),
  );
  readonly #driver: SqliteDriver | undefined;
  /** The devices that persons took from VMs by hand: the same. */
  readonly dismissals: DismissalTable = new DismissalTable(
    () => (this.isUnused ? undefined : this.#open()),
    () => this.#open(),
  );
  #store: Store | undefined;

  /**
   * @param runtime - the runtime folder: /run/qplug, or $XDG_RUNTIME_DIR/qplug
   * @param driver - for tests; default as `Store.open`
   */
  constructor(runtime: string, driver?: SqliteDriver) {
    this.path = join(runtime, 'claims.db');
    this.#driver = driver;
  }

  /** Whether there was no claim since the boot, or the folder was emptied: then there is no file, and no need to load the driver. */
  get isUnused(): boolean {
    return !storeExists(this.path);
  }

  /** @returns all claims, by VM and device. @throws QplugError as `Store.open` */
  list(): Claim[] {
    if (this.isUnused) return [];
    return this.#open().rows(COLUMNS, 'claim ORDER BY vm, device', [], claimOf);
  }

  /**
   * Claims devices: all of them or none. Renews a claim that the same owner has already.
   *
   * @returns conflicting claims of other owners; then nothing has changed
   * @throws QplugError as `Store.open`
   */
  take(claims: readonly Claim[]): Claim[] {
    const store = this.#open();
    return store.transaction(() => {
      const others = claims.flatMap((claim) => {
        const there = this.#find(claim.key);
        return there === undefined || sameOwner(there.owner, claim.owner) ? [] : [there];
      });
      if (others.length > 0) return others;
      for (const claim of claims) {
        // a renewed claim keeps its former drivers and guards: the device's present drivers are no longer the original ones
        const { drivers = claim.drivers, guardOff: before = [] } = this.#find(claim.key) ?? {};
        put(store, { ...claim, drivers, guardOff: [...new Set([...before, ...claim.guardOff])] });
      }
      return [];
    });
  }

  /**
   * Replaces claims by new ones. Leaves a claim alone that another process changed.
   *
   * @param became - gives the new claim; undefined: the device is free
   * @returns the claims that were as expected
   */
  change(claims: readonly Claim[], became: (claim: Claim) => Claim | undefined): Claim[] {
    if (claims.length === 0) return [];
    const store = this.#open();
    return store.transaction(() =>
      claims.flatMap((expected) => {
        const there = this.#find(expected.key);
        if (there === undefined || !isSame(there, expected)) return [];
        const next = became(there);
        if (next === undefined) store.run(`DELETE FROM claim WHERE ${THIS_KEY}`, keyValues(there.key));
        else put(store, next);
        return [there];
      }),
    );
  }

  [Symbol.dispose](): void {
    this.#store?.[Symbol.dispose]();
    this.#store = undefined;
  }

  #open(): Store {
    this.#store ??= Store.open(this.path, CLAIM_DESIGN, this.#driver);
    return this.#store;
  }

  #find(key: ClaimKey): Claim | undefined {
    return this.#open().rows(COLUMNS, `claim WHERE ${THIS_KEY}`, keyValues(key), claimOf)[0];
  }
}

function isSame(a: Claim, b: Claim): boolean {
  return sameKey(a.key, b.key) && sameOwner(a.owner, b.owner) && a.state === b.state && a.since === b.since;
}

function put(store: Store, claim: Claim): void {
  const { key, owner, state, reason, worker, device, label, port, drivers, since, address, guardOff } = claim;
  const values: SqlValue[] = [
    ...keyValues(key),
    ...[owner.vm, owner.socket, textOf(owner.process)],
    ...[state, reason ?? null, textOf(worker)],
    ...[device, label, port, JSON.stringify(drivers), since],
    ...[address ?? null, JSON.stringify(guardOff), owner.socketFile ?? null],
  ];
  store.run(`INSERT OR REPLACE INTO claim (${COLUMNS}) VALUES (${values.map(() => '?').join(', ')})`, values);
}

function claimOf(row: DatabaseRow): Claim {
  const text = (column: string): string => row[column] ?? '';
  return {
    key: keyOf(row),
    owner: ownerOf(row),
    state: oneOf(CLAIM_STATES, text('state')),
    reason: row['reason'] ?? undefined,
    worker: processOf(row['worker']),
    device: text('device'),
    label: text('label'),
    port: text('port'),
    drivers: listOf(text('drivers'), isBinding),
    since: text('since'),
    address: row['address'] ?? undefined,
    guardOff: guardsOf(JSON.parse(text('guard_off'))),
  };
}

function oneOf<T extends string>(known: readonly T[], text: string): T {
  const found = known.find((one) => one === text);
  if (found === undefined) throw new SyntaxError('a state in it is unknown');
  return found;
}

function isBinding(value: unknown): value is BoundBefore[number] {
  const [name, driver] = Array.isArray(value) ? value : [];
  return typeof name === 'string' && (driver === null || typeof driver === 'string');
}
