import { finding } from '../../diag/index.js';
import {
  comparePorts,
  controllerOf,
  hostUsbIds,
  parsePortName,
  UNKNOWN_CONTROLLER,
  type UsbIds,
} from '../names/index.js';
import type { HostDevice, HostInventory } from '../usb-device.js';
import { readInterfaces } from './interfaces.js';
import { readDevice } from './read-device.js';
import { realSysfs } from './real-sysfs.js';
import { DEVICES, type SysfsReader } from './sysfs-reader.js';

/** Settings of `readInventory`. */
export interface InventoryOptions {
  /** Gives the names that devices do not contain; by default the host's usb.ids, read only when a name is missing. */
  readonly ids?: UsbIds | undefined;
}

/**
 * Reads all USB devices of a host. It is synchronous, since sysfs answers from memory and the thread pool would cost more than the reading
 * itself (a few milliseconds for two dozen devices). There is one exception: while the kernel resets a device, reading its strings waits
 * for that (drivers/usb/core/sysfs.c takes the device's lock).
 *
 * A device that disappears while it is read is left out. A host without USB gives an empty inventory with the finding `no-usb-on-host`.
 *
 * @param reader - by default the real sysfs
 */
export function readInventory(reader: SysfsReader = realSysfs(), options: InventoryOptions = {}): HostInventory {
  const names = reader.list(DEVICES);
  if (names === undefined) {
    const path = `${reader.sysRoot}/${DEVICES}`;
    return { devices: [], hubs: [], findings: [finding('no-usb-on-host', { path }, { severity: 'warning' })] };
  }
  const ids = options.ids ?? hostUsbIds();
  const interfaces = readInterfaces(reader, names);
  const all: HostDevice[] = [];
  for (const name of names) {
    const port = parsePortName(name);
    if (port === undefined) continue;
    const controller = controllerOf(reader.link(`${DEVICES}/${name}`) ?? '') ?? UNKNOWN_CONTROLLER;
    const place = { name, port, controller, interfaces: interfaces.get(name) ?? [] };
    const device = readDevice(reader, place, ids);
    if (device !== undefined) all.push(device);
  }
  all.sort(comparePorts);
  return { devices: all.filter((one) => !one.isHub), hubs: all.filter((one) => one.isHub) };
}
