import type { SqlValue } from '../sqlite/index.js';
import type { DatabaseRow, Store } from '../store.js';
import { keyOf, keyValues } from './claim-key.js';
import { guardsOf, listOf, ownerOf, textOf } from './column-text.js';
import type { LostDevice } from './lost-device.js';

const COLUMNS: readonly string[] = [
  ...['connector', 'vendor_id', 'product_id', 'serial', 'vm', 'socket', 'process', 'socket_file'],
  ...['label', 'bus', 'port', 'guard_off', 'hold', 'also', 'since'],
];
const THIS_ONE = 'socket = ? AND connector = ? AND vendor_id = ? AND product_id = ? AND serial = ?';

/** The devices that VMs have lost and are to get back: a table of the database of claims. */
export class LostDeviceTable {
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

  /** @returns the lost devices, the one that vanished first at the front. @throws QplugError as `Store.open` */
  list(): LostDevice[] {
    return this.#there()?.rows(COLUMNS, 'lost ORDER BY since, connector', [], lostDeviceOf) ?? [];
  }

  /** Records a lost device; replaces the former record of the same device of the same VM. */
  put(lost: LostDevice): void {
    const { key, owner, label, place, guardOff, hold, also, since } = lost;
    const values: SqlValue[] = [
      ...keyValues(key),
      ...[owner.vm, owner.socket, textOf(owner.process), owner.socketFile ?? null],
      ...[label, place?.bus ?? null, place?.port ?? null, JSON.stringify(guardOff), hold, JSON.stringify(also), since],
    ];
    const marks = values.map(() => '?').join(', ');
    this.#open().run(`INSERT OR REPLACE INTO lost (${COLUMNS}) VALUES (${marks})`, values);
  }

  /** Deletes the record of a device that its VM has again, or is not to get back. */
  remove({ key, owner: { socket } }: Pick<LostDevice, 'key' | 'owner'>): void {
    this.#open().run(`DELETE FROM lost WHERE ${THIS_ONE}`, [socket, ...keyValues(key)]);
  }
}

function lostDeviceOf(row: DatabaseRow): LostDevice {
  const text = (column: string): string => row[column] ?? '';
  const { bus, port } = row;
  return {
    key: keyOf(row),
    owner: ownerOf(row),
    label: text('label'),
    place: bus == null || port == null ? undefined : { bus, port },
    guardOff: guardsOf(JSON.parse(text('guard_off'))),
    hold: Number(text('hold')),
    also: listOf(text('also'), (one) => typeof one === 'string'),
    since: text('since'),
  };
}
