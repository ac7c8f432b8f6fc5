import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename, join } from 'node:path';

/** A USB device as the lab's kernel shows it. */
export interface LabDevice {
  /** Name in sysfs: `1-5.2`; root hubs are `usb1`. */
  name: string;
  bus: number;
  /** Address on its bus: new each time it is plugged in. */
  address: number;
  /** `vvvv:pppp` in hexadecimal. */
  id: string;
  /** Mb/s: 1.5 … 20000. */
  speed: number;
  hub: boolean;
  /** Raw bytes of the strings as text, exactly as the kernel has them; undefined when there is none. */
  serial: string | undefined;
  product: string | undefined;
  /** Interface (`1-5.2:1.0`) → driver. */
  drivers: ReadonlyMap<string, string | undefined>;
}

/** Where the kernel lists USB devices and interfaces. */
export const usbDevices = '/sys/bus/usb/devices';

function attribute(name: string, file: string): string | undefined {
  try {
    return readFileSync(join(usbDevices, name, file), 'utf8').replace(/\n$/, '');
  } catch {
    return undefined;
  }
}

function driver(name: string): string | undefined {
  try {
    return basename(readlinkSync(join(usbDevices, name, 'driver')));
  } catch {
    return undefined;
  }
}

function read(name: string, interfaces: readonly string[]): LabDevice | undefined {
  const [vendor, product, speed, address, bus, kind] = [
    'idVendor',
    'idProduct',
    'speed',
    'devnum',
    'busnum',
    'bDeviceClass',
  ].map((file) => attribute(name, file));
  if (!vendor || !product || !speed || !address || !bus) return undefined; // just pulled
  return {
    name,
    bus: Number(bus),
    address: Number(address),
    id: `${vendor}:${product}`,
    speed: Number(speed),
    hub: kind === '09',
    serial: attribute(name, 'serial'),
    product: attribute(name, 'product'),
    drivers: new Map(interfaces.map((one) => [one, driver(one)])),
  };
}

/** All USB devices but root hubs, in the order of their names. Hubs are among them. */
export function readDevices(): LabDevice[] {
  const names = readdirSync(usbDevices).sort(new Intl.Collator('en', { numeric: true }).compare);
  return names
    .filter((name) => /^\d+-[\d.]+$/.test(name))
    .flatMap(
      (name) =>
        read(
          name,
          names.filter((other) => other.startsWith(`${name}:`)),
        ) ?? [],
    );
}

/** Classes of interfaces that a driver of the lab's kernel takes by itself: HID, mass storage, hub. */
const taken = new Set(['03', '08', '09']);

/** Configured, all interfaces shown and their drivers bound: the kernel does this one after the other. */
export function settled(device: LabDevice): boolean {
  const bound = ([name, by]: [string, string | undefined]): boolean =>
    by !== undefined || !taken.has(attribute(name, 'bInterfaceClass') ?? '');
  return (
    device.drivers.size === Number(attribute(device.name, 'bNumInterfaces') || -1) && [...device.drivers].every(bound)
  );
}
