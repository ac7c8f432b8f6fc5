import type { HostDevice, HostInventory } from '../host/index.js';
import { type AttachedDevice, type HostFilter, parseDeviceId, type Topology } from '../qdev/index.js';
import { type Claim, sameKey } from '../registry/index.js';
import { keyOf } from './claims.js';

/**
 * The host device of an object in a VM. `here`: QEMU has this device, and it is still at its address. `gone`: QEMU's device is no longer
 * plugged in; another device may have its address now. `none`: the object is emulated, or takes any device that matches a filter.
 */
export type DeviceMatch =
  | { readonly is: 'here'; readonly hostDevice: HostDevice }
  | { readonly is: 'gone' }
  | { readonly is: 'none' };

/**
 * Finds the host device of an object in a VM; no other code does. QEMU shows the address that it opened, but the kernel reuses the address
 * of an unplugged device. Therefore an id that qplug chose must match too, and so must the VM's claim.
 *
 * @param claims - the VM's claims; without them an object that qplug did not create is identified only by its address
 */
export function matchDevice(
  object: AttachedDevice,
  inventory: HostInventory,
  claims: readonly Claim[] = [],
): DeviceMatch {
  const given = object.host;
  if (object.driver !== 'usb-host' || given === undefined) return { is: 'none' };
  const hostDevice = inventory.devices.find((one) => one.bus === given.bus && one.address === given.address);
  if (hostDevice === undefined || !isSame(object, hostDevice)) return { is: 'gone' };
  const said = claims.filter(({ device }) => device === object.id);
  const key = keyOf(hostDevice, inventory);
  return said.length === 0 || said.some((claim) => sameKey(claim.key, key))
    ? { is: 'here', hostDevice }
    : { is: 'gone' };
}

/** @returns the host device of an object in a VM; undefined if it has none or the device is gone. See `matchDevice` */
export function hostDeviceOf(
  object: AttachedDevice,
  inventory: HostInventory,
  claims: readonly Claim[] = [],
): HostDevice | undefined {
  const match = matchDevice(object, inventory, claims);
  return match.is === 'here' ? match.hostDevice : undefined;
}

/**
 * The state of a host device in a VM. `attached`: QEMU has it. `stale`: its object never works again, because the device was replugged
 * (and has another address), or because QEMU lost it.
 */
export interface Standing {
  readonly state: 'attached' | 'stale';
  readonly bus: string;
  readonly device: AttachedDevice;
}

/**
 * Ignores an unattached object that qplug did not plug in: it only occupies a port.
 *
 * @returns the object of a host device in a VM, or undefined if there is none
 */
export function standingOf(
  topology: Topology,
  hostDevice: HostDevice,
  inventory: HostInventory,
  claims: readonly Claim[] = [],
): Standing | undefined {
  let stale: Standing | undefined;
  for (const { bus, devices } of topology.controllers) {
    for (const device of devices) {
      if (device.driver !== 'usb-host') continue;
      const is = device.attached ? hostDeviceOf(device, inventory, claims) : undefined;
      if (is?.bus === hostDevice.bus && is.address === hostDevice.address) return { state: 'attached', bus, device };
      const was = device.id === undefined ? undefined : parseDeviceId(device.id);
      if (was !== undefined && isSame(device, hostDevice)) stale = { state: 'stale', bus, device };
    }
  }
  return stale;
}

/** @returns false if qplug chose the object's id for another device or another host port. Foreign ids carry no information. */
function isSame(object: AttachedDevice, hostDevice: HostDevice): boolean {
  const was = object.id === undefined ? undefined : parseDeviceId(object.id);
  if (was === undefined) return true;
  return was.vendorId === hostDevice.vendorId && was.productId === hostDevice.productId && was.port === hostDevice.port;
}

/**
 * QEMU would open the device a second time, because it checks only its filter objects (hw/usb/host-libusb.c, usb_host_auto_check).
 *
 * @returns the usb-host of a VM whose filter matches this device
 */
export function filterFor(topology: Topology, hostDevice: HostDevice): AttachedDevice | undefined {
  const matches = ({ bus, address, port, vendorId, productId }: HostFilter): boolean =>
    (bus ?? hostDevice.bus) === hostDevice.bus &&
    (address ?? hostDevice.address) === hostDevice.address &&
    (port ?? hostDevice.chain.join('.')) === hostDevice.chain.join('.') &&
    (vendorId ?? hostDevice.vendorId) === hostDevice.vendorId &&
    (productId ?? hostDevice.productId) === hostDevice.productId;
  return topology.controllers
    .flatMap(({ devices }) => devices)
    .find(({ filter }) => filter !== undefined && matches(filter));
}

/** @returns the topology without that device */
export function withoutDevice(topology: Topology, { device: gone }: Pick<Standing, 'device'>): Topology {
  const ids = new Set(topology.ids);
  if (gone.id !== undefined) ids.delete(gone.id);
  const controllers = topology.controllers.map((controller) => ({
    ...controller,
    devices: controller.devices.filter((device) => device !== gone),
  }));
  return { ...topology, ids, controllers };
}
