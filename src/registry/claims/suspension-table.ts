import type { DatabaseRow, Store } from '../store.js';
import { guardsOf, listOf, ownerOf, textOf } from './column-text.js';
import type { SuspendedDevice, Suspension } from './suspension.js';

const COLUMNS: readonly string[] = ['socket', 'vm', 'process', 'devices', 'since', 'socket_file'];

/** The devices that each suspended VM gets back: a table of the database of claims. */
export class SuspensionTable {
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

  /** @returns the suspended VMs, by socket. @throws QplugError as `Store.open` */
  list(): Suspension[] {
    return this.#there()?.rows(COLUMNS, 'suspension ORDER BY socket', [], suspensionOf) ?? [];
  }

  /** Saves the devices that a VM gets back; replaces its former list. */
  put({ owner: { socket, vm, process, socketFile }, devices, since }: Suspension): void {
    const values = [socket, vm, textOf(process), JSON.stringify(devices), since, socketFile ?? null];
    this.#open().run(`INSERT OR REPLACE INTO suspension (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)`, values);
  }

  /** Deletes a VM's list. */
  remove({ owner: { socket } }: Suspension): void {
    this.#open().run('DELETE FROM suspension WHERE socket = ?', [socket]);
  }
}

function suspensionOf(row: DatabaseRow): Suspension {
  const text = (column: string): string => row[column] ?? '';
  return {
    owner: ownerOf(row),
    devices: listOf(text('devices'), isSuspendedDevice).map((device) => ({
      ...device,
      guardOff: guardsOf(device.guardOff),
    })),
    since: text('since'),
  };
}

function isSuspendedDevice(value: unknown): value is SuspendedDevice {
  const { key, ...rest } = (value ?? {}) as Partial<SuspendedDevice>;
  const texts = [
    key?.connector,
    key?.serial,
    rest.id,
    rest.label,
    rest.hostPort,
    rest.bus,
    rest.port,
    rest.whenMissing,
  ];
  return texts.every((one) => typeof one === 'string') && [key?.vendorId, key?.productId].every(Number.isInteger);
}
