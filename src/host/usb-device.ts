import type { Finding } from '../diag/index.js';
import type { AltSettingShape, ConfigurationShape, EndpointShape, InterfaceShape, SpeedIs } from '../qdev/index.js';

/** What a SuperSpeed endpoint adds (USB 3.2, 9.6.7). */
export interface EndpointCompanion {
  readonly maxBurst: number;
  /** Raw bmAttributes. */
  readonly attributes: number;
  /** wBytesPerInterval, or dwBytesPerInterval of a SuperSpeedPlus isochronous companion. */
  readonly bytesPerInterval: number;
}

export interface HostEndpoint extends EndpointShape {
  /** bEndpointAddress: bit 7 set means IN. */
  readonly address: number;
  readonly companion?: EndpointCompanion | undefined;
}

export interface HostAltSetting extends AltSettingShape {
  readonly number: number;
  readonly protocol: number;
  readonly endpoints: readonly HostEndpoint[];
}

export interface HostInterface extends InterfaceShape {
  readonly number: number;
  readonly altSettings: readonly HostAltSetting[];
}

export interface HostConfiguration extends ConfigurationShape {
  readonly value: number;
  readonly interfaces: readonly HostInterface[];
}

/** An interface of the active configuration, and its present driver. */
export interface BoundInterface {
  /** The sysfs name: `1-2.3:1.0`. */
  readonly name: string;
  readonly number: number;
  readonly class: number;
  /** The bound driver (`usb-storage`, `usbfs`, …), or undefined if there is none. */
  readonly driver: string | undefined;
}

/**
 * Whether this process may open the device node read-write. `missing`: there is no node. `unknown`: the device is of another host or time,
 * so there is no node to check.
 */
export type NodeAccess = 'usable' | 'denied' | 'missing' | 'unknown';

/** One USB device of this host at one moment. All strings are raw, from the device: use `printable` to print them. */
export interface HostDevice {
  /** The sysfs name, which is bus and port chain: `1-2.3`. If a file does not give the port, it is bus and address: `@1.5`. */
  readonly port: string;
  readonly bus: number;
  /** Device number on the bus; changes at every replug. */
  readonly address: number;
  /** Port numbers from the root hub down: [2, 3]. Empty for a root hub, and for a device whose port is not known. */
  readonly chain: readonly number[];
  /** PCI address of the host controller (`0000:00:14.0`), the name of its platform device (`dummy_hcd.0`), or UNKNOWN_CONTROLLER. */
  readonly controller: string;
  /** The same connector's other half (the USB 2 or USB 3 port that sysfs calls `peer`), as `BUS-CHAIN`; undefined if there is none. */
  readonly peer: string | undefined;
  readonly vendorId: number;
  readonly productId: number;
  readonly serial: string | undefined;
  readonly manufacturer: string | undefined;
  readonly product: string | undefined;
  /** Its name: its own strings, or the name in usb.ids if it has none. Raw. */
  readonly name: string;
  readonly class: number;
  /** Every interface class of the active configuration, and the device class if it is not 0; ascending. */
  readonly classes: readonly number[];
  /** Mb/s from sysfs: 1.5 … 20000; undefined if unknown. */
  readonly megabits: number | undefined;
  /** Where `megabits` comes from, or why it is missing, if the kernel or a file does not simply give it. */
  readonly speedIs?: SpeedIs | undefined;
  readonly configurations: readonly HostConfiguration[];
  /** The descriptors may be incomplete: a file did not contain all of them, or not in a readable form. */
  readonly partial?: boolean | undefined;
  readonly interfaces: readonly BoundInterface[];
  /** `/dev/bus/usb/001/005` */
  readonly node: string;
  readonly access: NodeAccess;
  readonly isHub: boolean;
  /** Problems of the device: malformed descriptors, unreadable attributes. */
  readonly findings: readonly Finding[];
}

/** All USB devices of one host. Hubs and root hubs are there for the tree and cannot be attached. */
export interface HostInventory {
  /** In order of bus and port chain. */
  readonly devices: readonly HostDevice[];
  readonly hubs: readonly HostDevice[];
  /** The file that describes the host, as the user named it, `-` for standard input; undefined for this host. */
  readonly file?: string | undefined;
  /** What was wrong with the host as a whole: no USB at all. The findings about one device are in that device. */
  readonly findings?: readonly Finding[] | undefined;
}
