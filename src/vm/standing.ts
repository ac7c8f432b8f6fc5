import type { HostDevice } from '../host/index.js';
import { type AttachedDevice, type HostFilter, parseDeviceId, type Topology } from '../qdev/index.js';

/**
 * How a host device stands in a VM. `attached`: QEMU has it. `stale`: an object stands for it that will never come back:
 * the device was replugged since (another address), or QEMU lost it.
 */
export interface Standing {
  readonly state: 'attached' | 'stale';
  readonly bus: string;
  readonly device: AttachedDevice;
}

/**
 * @returns the object in a VM that stands for a host device, or undefined when there is none. What others plugged and is not
 *   attached is left alone: it keeps a port, and nothing else.
 */
export function standingOf(topology: Topology, host: HostDevice): Standing | undefined {
  let stale: Standing | undefined;
  for (const { bus, devices } of topology.controllers) {
    for (const device of devices) {
      if (device.driver !== 'usb-host') continue;
      const here = device.host?.bus === host.bus && device.host.address === host.address;
      if (here && device.attached && isSame(device, host)) return { state: 'attached', bus, device };
      const was = device.id === undefined ? undefined : parseDeviceId(device.id);
      if (was !== undefined && isSame(device, host)) stale = { state: 'stale', bus, device };
    }
  }
  return stale;
}

/**
 * @returns false when the id of an object, made by qplug, tells of another device or another host port: bus.addr may have gone to
 *   this one since. Foreign ids tell nothing.
 */
export function isSame(device: AttachedDevice, host: HostDevice): boolean {
  const was = device.id === undefined ? undefined : parseDeviceId(device.id);
  if (was === undefined) return true;
  return was.vendorId === host.vendorId && was.productId === host.productId && was.port === host.port;
}

/**
 * @returns the usb-host of a VM that takes whatever matches, and matches this device: QEMU would open it a second time, for it
 *   looks at its own objects alone (hw/usb/host-libusb.c, usb_host_auto_check)
 */
export function filterFor(topology: Topology, host: HostDevice): AttachedDevice | undefined {
  const matches = ({ bus, address, port, vendorId, productId }: HostFilter): boolean =>
    (bus ?? host.bus) === host.bus &&
    (address ?? host.address) === host.address &&
    (port ?? host.chain.join('.')) === host.chain.join('.') &&
    (vendorId ?? host.vendorId) === host.vendorId &&
    (productId ?? host.productId) === host.productId;
  return topology.controllers
    .flatMap(({ devices }) => devices)
    .find(({ filter }) => filter !== undefined && matches(filter));
}

/** @returns the topology as it is when that device was removed */
export function withoutDevice(topology: Topology, { device: gone }: Pick<Standing, 'device'>): Topology {
  const ids = new Set(topology.ids);
  if (gone.id !== undefined) ids.delete(gone.id);
  const controllers = topology.controllers.map((controller) => ({
    ...controller,
    devices: controller.devices.filter((device) => device !== gone),
  }));
  return { ...topology, ids, controllers };
}
