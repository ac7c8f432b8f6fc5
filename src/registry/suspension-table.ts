import { guardsOf, listOf, ownerOf, textOf } from './column-text.js';
import type { Row, Store } from './store.js';
import type { SuspendedDevice, Suspension } from './suspension.js';

const COLUMNS: readonly string[] = ['socket', 'vm', 'process', 'devices', 'since', 'socket_file'];

/** What each suspended VM gets back when it is resumed: a table of the database of claims. */
export class SuspensionTable {
  readonly #there: () => Store | undefined;
  readonly #open: () => Store;

  /**
   * @param there - the database; undefined where there is none yet
   * @param open - the database, made where there is none
   */
  constructor(there: () => Store | undefined, open: () => Store) {
    this.#there = there;
    this.#open = open;
  }

  /** @returns the VMs that are suspended, by socket. @throws QplugError as `Store.open` */
  list(): Suspension[] {
    return this.#there()?.rows(COLUMNS, 'suspension ORDER BY socket', [], suspensionOf) ?? [];
  }

  /** Keeps what a VM gets back, in place of what was kept before. */
  put({ owner: { socket, vm, process, socketFile }, devices, since }: Suspension): void {
    const values = [socket, vm, textOf(process), JSON.stringify(devices), since, socketFile ?? null];
    this.#open().run(`INSERT OR REPLACE INTO suspension (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)`, values);
  }

  /** Forgets what a VM gets back. */
  remove({ owner: { socket } }: Suspension): void {
    this.#open().run('DELETE FROM suspension WHERE socket = ?', [socket]);
  }
}

function suspensionOf(row: Row): Suspension {
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
