import { type Finding, finding } from '../../diag/index.js';
import { type DecodedDescriptors, decodeDescriptors } from '../descriptors/index.js';
import { deviceName, formatPort, type HostPort, parsePortDevice, type UsbIds } from '../names/index.js';
import type { BoundInterface, HostDevice } from '../usb-device.js';
import { DEVICES, linkName, readText, type SysfsReader } from './sysfs-reader.js';

const HUB_CLASS = 0x09;

/** What is known of a device before its own folder is read. */
export interface DevicePlace {
  /** The sysfs name. */
  readonly name: string;
  readonly port: HostPort;
  readonly controller: string;
  readonly interfaces: readonly BoundInterface[];
}

/**
 * Reads one device.
 *
 * @returns undefined when the device is missing, disappears while it is read, or is replaced by another meanwhile
 */
export function readDevice(reader: SysfsReader, place: DevicePlace, ids: UsbIds): HostDevice | undefined {
  const attributes = new Attributes(reader, place.name);
  const address = attributes.number('devnum', 10);
  if (address === undefined) return undefined;
  const decoded = readDescriptors(attributes);
  const strings = {
    vendorId: decoded.device?.vendorId ?? attributes.number('idVendor', 16) ?? 0,
    productId: decoded.device?.productId ?? attributes.number('idProduct', 16) ?? 0,
    manufacturer: attributes.text('manufacturer'),
    product: attributes.text('product'),
  };
  const deviceClass = decoded.device?.class ?? attributes.number('bDeviceClass', 16) ?? 0;
  const classes = classesOf(deviceClass, place.interfaces);
  const node = `bus/usb/${threeDigits(place.port.bus)}/${threeDigits(address)}`;
  const device: HostDevice = {
    port: place.name,
    bus: place.port.bus,
    address,
    chain: place.port.chain,
    controller: place.controller,
    peer: peerOf(reader, place),
    ...strings,
    serial: attributes.text('serial'),
    name: deviceName(strings, ids),
    class: deviceClass,
    classes,
    ...attributes.speed(),
    configurations: decoded.configurations,
    interfaces: place.interfaces,
    node: `${reader.devRoot}/${node}`,
    access: reader.access(node),
    isHub: place.port.chain.length === 0 || classes.includes(HUB_CLASS),
    findings: [...attributes.findings, ...decoded.findings],
  };
  return attributes.number('devnum', 10) === address ? device : undefined;
}

function readDescriptors(attributes: Attributes): DecodedDescriptors {
  const bytes = attributes.bytes('descriptors');
  if (bytes !== undefined) return decodeDescriptors(bytes, attributes.device);
  attributes.report('descriptors', 'it is missing');
  return { device: undefined, configurations: [], findings: [] };
}

/**
 * The other half of the connector: the port of a device has a `peer` link when the host knows both halves (drivers/usb/core/port.c, since
 * Linux 3.16). The device's own `port` link leads to the port, or else the folder of the hub's interface contains it.
 */
function peerOf(reader: SysfsReader, { name, port }: DevicePlace): string | undefined {
  const last = port.chain.at(-1);
  if (last === undefined) return undefined;
  const above = { bus: port.bus, chain: port.chain.slice(0, -1) };
  const hub = formatPort(above);
  const hubInterface = above.chain.length === 0 ? `${above.bus}-0:1.0` : `${hub}:1.0`;
  const peer =
    linkName(reader, `${DEVICES}/${name}/port/peer`) ??
    linkName(reader, `${DEVICES}/${hubInterface}/${hub}-port${last}/peer`);
  const other = peer === undefined ? undefined : parsePortDevice(peer);
  return other === undefined ? undefined : formatPort(other);
}

function classesOf(deviceClass: number, interfaces: readonly BoundInterface[]): readonly number[] {
  const all = new Set(interfaces.map((one) => one.class));
  if (deviceClass !== 0) all.add(deviceClass);
  return [...all].sort((a, b) => a - b);
}

function threeDigits(number: number): string {
  return String(number).padStart(3, '0');
}

/** The attributes of one device; an attribute that cannot be read becomes a finding. */
class Attributes {
  readonly findings: Finding[] = [];
  readonly device: string;
  readonly #reader: SysfsReader;

  constructor(reader: SysfsReader, device: string) {
    this.#reader = reader;
    this.device = device;
  }

  report(attribute: string, reason: string): void {
    this.findings.push(
      finding('attribute-unreadable', { device: this.device, attribute, reason }, { severity: 'warning' }),
    );
  }

  bytes(attribute: string): Uint8Array | undefined {
    return this.#attempt(attribute, (path) => this.#reader.bytes(path));
  }

  text(attribute: string): string | undefined {
    return this.#attempt(attribute, (path) => readText(this.#reader, path));
  }

  /**
   * @returns a whole number in the given base, or undefined when the attribute is missing or no such number (`devnum` is -1 while a device
   *   leaves)
   */
  number(attribute: string, base: 10 | 16): number | undefined {
    const text = this.text(attribute)?.trim() ?? '';
    return (base === 10 ? /^\d{1,9}$/ : /^[0-9a-f]{1,8}$/i).test(text) ? Number.parseInt(text, base) : undefined;
  }

  /** @returns Mb/s; undefined for `unknown` (drivers/usb/core/sysfs.c, speed_show), which is distinguished from a text that is no speed */
  speed(): Pick<HostDevice, 'megabits' | 'speedIs'> {
    const text = this.text('speed')?.trim() ?? '';
    if (text === 'unknown') return { megabits: undefined, speedIs: 'unknown' };
    return { megabits: /^\d{1,6}(\.\d)?$/.test(text) ? Number(text) : undefined };
  }

  #attempt<T>(attribute: string, read: (path: string) => T | undefined): T | undefined {
    try {
      return read(`${DEVICES}/${this.device}/${attribute}`);
    } catch (error) {
      this.report(attribute, (error as Error).message);
      return undefined;
    }
  }
}
