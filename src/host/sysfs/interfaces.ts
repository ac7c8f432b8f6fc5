import { throwIfShort } from '../../base/index.js';
import { parseInterfaceName } from '../names/index.js';
import type { BoundInterface } from '../usb-device.js';
import { DEVICES, linkName, readText, type SysfsReader } from './sysfs-reader.js';

/**
 * The interfaces of the active configuration of every device, with their drivers.
 *
 * @param names - the entries of /sys/bus/usb/devices
 * @returns the interfaces by the device's sysfs name, in the order of interface numbers
 */
export function readInterfaces(reader: SysfsReader, names: readonly string[]): Map<string, BoundInterface[]> {
  const byDevice = new Map<string, BoundInterface[]>();
  for (const name of names) {
    const parts = parseInterfaceName(name);
    if (parts === undefined) continue;
    const bound: BoundInterface = {
      name,
      number: parts.number,
      class: classOf(reader, name),
      driver: linkName(reader, `${DEVICES}/${name}/driver`),
    };
    const known = byDevice.get(parts.device);
    if (known === undefined) byDevice.set(parts.device, [bound]);
    else known.push(bound);
  }
  for (const list of byDevice.values()) list.sort((a, b) => a.number - b.number);
  return byDevice;
}

/** The class of the active alternate setting; 0 when it cannot be read, as for an interface that has just gone. */
function classOf(reader: SysfsReader, name: string): number {
  try {
    const text = readText(reader, `${DEVICES}/${name}/bInterfaceClass`)?.trim() ?? '';
    return /^[0-9a-f]{2}$/i.test(text) ? Number.parseInt(text, 16) : 0;
  } catch (error) {
    throwIfShort(error);
    return 0;
  }
}
