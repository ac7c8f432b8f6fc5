import { renameSync, writeFileSync } from 'node:fs';
import { formatLocation, type Recording, recordedSysfs, type SysfsReader } from '../../../src/host/index.js';
import { changed, inventoryOf, recording, without } from '../../unit/host/recordings.js';
import { TABLET } from './recorded-tablet.js';
import { type StandInDevice, standInFile } from './stand-in-device.js';

const SIX = recording('six-devices');

/** The device at 1-2 in the mode with this product number, with an address of its own. */
export interface Mode {
  readonly product: number;
  readonly address: number;
  /** Default: one that goes with its product number. */
  readonly serial?: string;
  readonly openError?: number;
  /** The driver of its interface: default the one of the recorded device. */
  readonly driver?: string;
}

/** Two modes of one device. */
export const MODEM: Mode = { product: 0x701a, address: 2 };
export const DOWNLOAD: Mode = { product: 0x9201, address: 9 };

/** The permanent name of the connector 1-2. */
export const LOCATION: string =
  inventoryOf(SIX).devices.flatMap((one) => (one.port === '1-2' ? formatLocation(one) : []))[0] ?? '';

/** The id that qplug gives the device in this mode. */
export const idOf = (product: number): string => `qplug-0627-${product.toString(16)}-1-2`;

/** A host whose device at 1-2 comes, goes and changes, as its kernel and the stand-in for its libusb show it. */
export class ChangingHost {
  readonly #devices: string;
  readonly #recording: string | undefined;
  #now: Recording = SIX;
  #reader: SysfsReader = recordedSysfs(SIX);

  /**
   * @param devices - the file that the stand-in reads
   * @param recording - a file for the kernel's side, for another process: see `livingHost`
   */
  constructor(devices: string, recording?: string) {
    this.#devices = devices;
    this.#recording = recording;
  }

  /** The sysfs of this moment; or, with `live`, always the present one. */
  get sysfs(): SysfsReader {
    return this.#reader;
  }

  /** A reader for a process that stays: it sees each change. */
  get liveSysfs(): SysfsReader {
    const now = (): SysfsReader => this.sysfs;
    return new Proxy(this.sysfs, { get: (_, name) => Reflect.get(now(), name) as unknown });
  }

  /** undefined: nothing is plugged in at 1-2. */
  plug(mode: Mode | undefined): void {
    const devices: StandInDevice[] = [];
    this.#now = without(SIX, '1-2');
    if (mode !== undefined) {
      const { product, address, serial = `SERIAL-${product.toString(16)}`, openError, driver } = mode;
      const descriptors = Buffer.from(
        'EgEAAgAAAEAnBgEAAAABAwoBCQIiAAEBB6AyCQQAAAEDAAAACSEBAAABIkoABwWBAwgABA==',
        'base64',
      );
      descriptors.writeUInt16LE(product, 10);
      const now = changed(SIX, {
        '1-2/devnum': { text: `${address}\n` },
        '1-2/idProduct': { text: `${product.toString(16)}\n` },
        '1-2/descriptors': { base64: descriptors.toString('base64') },
        // each mode is another program, and has another serial number
        '1-2/serial': { text: `${serial}\n` },
        ...(driver === undefined ? {} : { '1-2:1.0/driver': { link: `../../../../../../bus/usb/drivers/${driver}` } }),
      });
      this.#now = { ...now, nodes: { ...now.nodes, [`bus/usb/001/${String(address).padStart(3, '0')}`]: 'usable' } };
      devices.push({ ...TABLET, productId: product, address, ...(openError === undefined ? {} : { openError }) });
    }
    this.#reader = recordedSysfs(this.#now);
    if (this.#recording !== undefined) replace(this.#recording, JSON.stringify(this.#now));
    replace(this.#devices, standInFile(devices));
  }
}

function replace(path: string, text: string): void {
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}
