import { join } from 'node:path';
import { type BoundBefore, CLAIM_STATES, type Claim, type ClaimKey, sameKey, sameOwner } from './claim.js';
import { CLAIM_DESIGN } from './claim-design.js';
import { guardsOf, listOf, ownerOf, processOf, textOf } from './column-text.js';
import { type Row, Store, storeExists, type Value } from './store.js';
import { SuspensionTable } from './suspension-table.js';

const COLUMNS: readonly string[] = [
  ...['connector', 'vendor_id', 'product_id', 'serial', 'vm', 'socket', 'process'],
  ...['state', 'reason', 'worker', 'device', 'label', 'port', 'drivers', 'since'],
  ...['address', 'guard_off', 'socket_file'],
];
const THIS_KEY = 'connector = ? AND vendor_id = ? AND product_id = ? AND serial = ?';

/**
 * Which host devices belong to which VM: `<runtime>/claims.db`, in a folder that a reboot empties, as it ends all claims. The driver
 * is loaded, and the file opened, when first needed. Who reads only makes no file.
 *
 * A device has one claim or none, whatever happens at the same time: all changes are transactions, and each says which claim it
 * expects. Whether an owner still lives is not judged here.
 */
export class ClaimStore implements Disposable {
  readonly path: string;
  /** The VMs that are suspended: in the same file, and as short-lived. */
  readonly suspensions: SuspensionTable = new SuspensionTable(
    () => (this.isUnused ? undefined : this.#open()),
    () => this.#open(),
  );
  #store: Store | undefined;

  /** @param runtime - the runtime folder: /run/qplug, or $XDG_RUNTIME_DIR/qplug */
  constructor(runtime: string) {
    this.path = join(runtime, 'claims.db');
  }

  /** Whether nothing was ever claimed since the boot: then there is no file, and the driver need not be loaded. */
  get isUnused(): boolean {
    return this.#store === undefined && !storeExists(this.path);
  }

  /** @returns all claims, by VM and device. @throws QplugError as `Store.open` */
  list(): Claim[] {
    if (this.isUnused) return [];
    return this.#open().rows(COLUMNS, 'claim ORDER BY vm, device', [], claimOf);
  }

  /**
   * Takes devices: all of them or none. What the same owner has already is taken anew.
   *
   * @returns the claims of others that stand in the way: then nothing was changed
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
        // what it has already has had its drivers taken off: those from before count, and so does what was said then
        const { drivers = claim.drivers, guardOff: before = [] } = this.#find(claim.key) ?? {};
        put(store, { ...claim, drivers, guardOff: [...new Set([...before, ...claim.guardOff])] });
      }
      return [];
    });
  }

  /**
   * Replaces claims by what became of them. One that is not as expected any more is left alone.
   *
   * @param became - undefined: nothing, the device is free
   * @returns those that were as expected
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
    this.#store ??= Store.open(this.path, CLAIM_DESIGN);
    return this.#store;
  }

  #find(key: ClaimKey): Claim | undefined {
    return this.#open().rows(COLUMNS, `claim WHERE ${THIS_KEY}`, keyValues(key), claimOf)[0];
  }
}

function isSame(a: Claim, b: Claim): boolean {
  return sameKey(a.key, b.key) && sameOwner(a.owner, b.owner) && a.state === b.state && a.since === b.since;
}

function keyValues({ connector, vendorId, productId, serial }: ClaimKey): Value[] {
  return [connector, vendorId, productId, serial];
}

function put(store: Store, claim: Claim): void {
  const { key, owner, state, reason, worker, device, label, port, drivers, since, address, guardOff } = claim;
  const values: Value[] = [
    ...keyValues(key),
    ...[owner.vm, owner.socket, textOf(owner.process)],
    ...[state, reason ?? null, textOf(worker)],
    ...[device, label, port, JSON.stringify(drivers), since],
    ...[address ?? null, JSON.stringify(guardOff), owner.socketFile ?? null],
  ];
  store.run(`INSERT OR REPLACE INTO claim (${COLUMNS}) VALUES (${values.map(() => '?').join(', ')})`, values);
}

function claimOf(row: Row): Claim {
  const text = (column: string): string => row[column] ?? '';
  return {
    key: {
      connector: text('connector'),
      vendorId: Number(text('vendor_id')),
      productId: Number(text('product_id')),
      serial: text('serial'),
    },
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
