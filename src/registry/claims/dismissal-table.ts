import type { DatabaseRow, Store } from '../store.js';
import { keyOf, keyValues } from './claim-key.js';
import { ownerOf, textOf } from './column-text.js';
import type { Dismissal } from './dismissal.js';

const COLUMNS: readonly string[] = [
  ...['socket', 'connector', 'vendor_id', 'product_id', 'serial'],
  ...['vm', 'process', 'socket_file', 'label', 'since'],
];

/** The devices that persons took from VMs by hand: a table of the database of claims. */
export class DismissalTable {
  readonly #there: () => Store | undefined;
  readonly #open: () => Store;

  /**
   * @param there - the database; undefined if there is none yet
   * @param open - the database; creates it if there is none
   */
  constructor(there: () => Store | undefined, open: () => Store) {
    this.#there = there;
    this.#open = open;
  }

  /** @returns all of them, by VM and device. @throws QplugError as `Store.open` */
  list(): Dismissal[] {
    const order = 'dismissal ORDER BY vm, label, socket, connector';
    return this.#there()?.rows(COLUMNS, order, [], dismissalOf) ?? [];
  }

  /** Saves some: all or none. Replaces the former one of the same VM and device. */
  put(dismissals: readonly Dismissal[]): void {
    if (dismissals.length === 0) return;
    const store = this.#open();
    store.transaction(() => {
      for (const { owner, key, label, since } of dismissals) {
        const { vm, socket, process, socketFile } = owner;
        const values = [socket, ...keyValues(key), vm, textOf(process), socketFile ?? null, label, since];
        store.run(
          `INSERT OR REPLACE INTO dismissal (${COLUMNS}) VALUES (${COLUMNS.map(() => '?').join(', ')})`,
          values,
        );
      }
    });
  }

  /** Deletes some: all or none. Does not create the database. */
  remove(dismissals: readonly Pick<Dismissal, 'owner' | 'key'>[]): void {
    const store = dismissals.length === 0 ? undefined : this.#there();
    if (store === undefined) return;
    store.transaction(() => {
      for (const { owner, key } of dismissals) {
        store.run(
          'DELETE FROM dismissal WHERE socket = ? AND connector = ? AND vendor_id = ? AND product_id = ? AND serial = ?',
          [owner.socket, ...keyValues(key)],
        );
      }
    });
  }
}

function dismissalOf(row: DatabaseRow): Dismissal {
  return { owner: ownerOf(row), key: keyOf(row), label: row['label'] ?? '', since: row['since'] ?? '' };
}
