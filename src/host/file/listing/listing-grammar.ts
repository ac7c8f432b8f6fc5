import type { HostDevice } from '../../usb-device.js';
import { toldSpeed } from '../parse-speed.js';
import {
  decimal,
  type Field,
  type Fields,
  hexadecimal,
  type Labelled,
  labelled,
  optional,
  word,
} from './line-grammar.js';

interface TopologyLine {
  readonly bus: number;
  readonly level: number;
  /** The number of the hub that the device is plugged into; 0 for a root hub. */
  readonly parent: number;
  /** Counts from 0, although ports count from 1 everywhere else. */
  readonly port: number;
  readonly count: number;
  readonly address: number;
  readonly speed: ListedSpeed;
  /** The number of ports, if the device is a hub. */
  readonly children: number;
}

interface ListedDeviceLine {
  readonly version: string;
  readonly class: Labelled;
  readonly subclass: number;
  readonly protocol: number;
  readonly packets: number;
  readonly configurations: number;
}

interface ProductLine {
  readonly vendorId: number;
  readonly productId: number;
  readonly revision: string | undefined;
}

interface ConfigurationLine {
  readonly interfaces: number;
  readonly value: number;
  readonly attributes: number;
  readonly power: string | undefined;
}

interface InterfaceLine {
  readonly number: number;
  readonly setting: number;
  readonly endpoints: number;
  readonly class: Labelled;
  readonly subclass: number;
  readonly protocol: number;
  readonly driver: { readonly name: string | undefined } | undefined;
}

interface EndpointLine {
  readonly address: Labelled;
  readonly attributes: Labelled;
  readonly packets: PacketSize;
  readonly interval: string | undefined;
}

/**
 * The lines of /sys/kernel/debug/usb/devices, which was /proc/bus/usb/devices (drivers/usb/core/devices.c), and of usb-devices from
 * usbutils, which imitates them. Each line begins with its letter and a colon. The reader skips all other letters, and it skips B
 * (bandwidth) and A (interface association), because nothing in those lines matters here.
 *
 * The spelling has changed over the years. `Spd` is 1.5, 12, 480, then also 5000 and 10000, and `??` where the kernel does not know it;
 * usb-devices copies sysfs, so it also writes 20000 and `unknown`. `If#` and `Alt` are decimal, but `0x0` in usb-devices before 013. There
 * `MxPS` is `64*1`, which is the size and the transactions.
 */
export const TOPOLOGY: Fields<TopologyLine> = {
  bus: decimal('Bus', 0, 9999),
  level: decimal('Lev', 0, 6),
  parent: decimal('Prnt', 0, 127),
  port: decimal('Port', 0, 254),
  count: decimal('Cnt', 0, 999),
  address: decimal('Dev#', 1, 127),
  speed: speed(),
  children: decimal('MxCh', 0, 255),
};

export const DEVICE: Fields<ListedDeviceLine> = {
  version: { label: 'Ver', pattern: /[0-9a-f]{1,2}\.[0-9a-f]{2}/iy, read: ([text]) => text },
  class: labelled('Cls'),
  subclass: hexadecimal('Sub', 2),
  protocol: hexadecimal('Prot', 2),
  packets: decimal('MxPS', 0, 255),
  configurations: decimal('#Cfgs', 0, 255),
};

export const PRODUCT: Fields<ProductLine> = {
  vendorId: hexadecimal('Vendor', 4),
  productId: hexadecimal('ProdID', 4),
  revision: optional(word('Rev')),
};

export const CONFIGURATION: Fields<ConfigurationLine> = {
  interfaces: decimal('#Ifs', 0, 255),
  value: decimal('Cfg#', 0, 255),
  attributes: hexadecimal('Atr', 2),
  power: optional(word('MxPwr')),
};

export const INTERFACE: Fields<InterfaceLine> = {
  number: decimal('If#', 0, 255),
  setting: decimal('Alt', 0, 255),
  endpoints: decimal('#EPs', 0, 255),
  class: labelled('Cls'),
  subclass: hexadecimal('Sub', 2),
  protocol: hexadecimal('Prot', 2),
  driver: optional(driver()),
};

export const ENDPOINT: Fields<EndpointLine> = {
  address: labelled('Ad'),
  attributes: labelled('Atr'),
  packets: packetSize(),
  interval: optional(word('Ivl')),
};

/**
 * Mb/s. The kernel writes `??` for a speed that is too new for its listing (drivers/usb/core/devices.c), so the speed is not known from it.
 * usb-devices copies sysfs, where `unknown` means that the kernel itself does not know the speed.
 */
export type ListedSpeed = Pick<HostDevice, 'megabits' | 'speedIs'>;

function speed(): Field<ListedSpeed> {
  return {
    label: 'Spd',
    pattern: /\d{1,6}(\.\d)?|\?\?|unknown/iy,
    empty: { megabits: undefined },
    read: ([text]) => {
      if (/^unknown$/i.test(text)) return { megabits: undefined, speedIs: 'unknown' };
      return { megabits: /^\d/.test(text) ? toldSpeed(Number(text)) : undefined };
    },
  };
}

/** The size in bytes, and the transactions in a microframe where the listing shows them. */
export interface PacketSize {
  readonly bytes: number;
  readonly transactions: number | undefined;
}

function packetSize(): Field<PacketSize> {
  return {
    label: 'MxPS',
    pattern: /(\d{1,5})(?:\*([1-4]))?/y,
    read: ([, bytes, times]) => ({
      bytes: Number(bytes),
      transactions: times === undefined ? undefined : Number(times),
    }),
  };
}

/** `(none)` for an interface without a driver; empty in a configuration that is not active. A name may contain blanks. */
function driver(): Field<{ readonly name: string | undefined }> {
  return {
    label: 'Driver',
    pattern: /.*/y,
    read: ([text]) => ({ name: text.trim() === '' || text.trim() === '(none)' ? undefined : text.trim() }),
  };
}

/** The words after bmAttributes; those of usb-devices before 014 come from sysfs. */
export const TRANSFER_WORDS: Readonly<Record<string, number>> = {
  ctrl: 0,
  control: 0,
  isoc: 1,
  bulk: 2,
  'int.': 3,
  interrupt: 3,
};
