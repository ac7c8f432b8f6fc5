import type { HostDevice, HostInventory } from '../host/index.js';
import { type AttachedDevice, type HostFilter, parseDeviceId, type Topology } from '../qdev/index.js';
import { type Claim, sameKey } from '../registry/index.js';
import { keyOf } from './claims.js';

/**
 * The host device of an object in a VM. `here`: QEMU has this device, and it is still at its address. `gone`: QEMU's device is no longer
 * plugged in; another device may have its address now. `none`: the object is emulated, or takes any device that matches a filter.
 */
export type DeviceMatch =
  | { readonly is: 'here'; readonly host: HostDevice }
  | { readonly is: 'gone' }
  | { readonly is: 'none' };

/**
 * Finds the host device of an object in a VM; no other code does. QEMU shows the address that it opened, but the kernel reuses the address
 * of an unplugged device. Therefore an id that qplug chose must match too, and so must the VM's claim.
 *
 * @param claims - the VM's claims; without them an object that qplug did not create is identified by its address alone
 */
export function matchDevice(
  object: AttachedDevice,
  inventory: HostInventory,
  claims: readonly Claim[] = [],
): DeviceMatch {
  const given = object.host;
  if (object.driver !== 'usb-host' || given === undefined) return { is: 'none' };
  const host = inventory.devices.find((one) => one.bus === given.bus && one.address === given.address);
  if (host === undefined || !isSame(object, host)) return { is: 'gone' };
  const said = claims.filter(({ device }) => device === object.id);
  const key = keyOf(host, inventory);
  return said.length === 0 || said.some((claim) => sameKey(claim.key, key)) ? { is: 'here', host } : { is: 'gone' };
}

/** @returns the host device of an object in a VM; undefined if it has none or the device is gone. See `matchDevice` */
export function hostOf(
  object: AttachedDevice,
  inventory: HostInventory,
  claims: readonly Claim[] = [],
): HostDevice | undefined {
  const match = matchDevice(object, inventory, claims);
  return match.is === 'here' ? match.host : undefined;
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
  host: HostDevice,
  inventory: HostInventory,
  claims: readonly Claim[] = [],
): Standing | undefined {
  let stale: Standing | undefined;
  for (const { bus, devices } of topology.controllers) {
    for (const device of devices) {
      if (device.driver !== 'usb-host') continue;
      const is = device.attached ? hostOf(device, inventory, claims) : undefined;
      if (is?.bus === host.bus && is.address === host.address) return { state: 'attached', bus, device };
      const was = device.id === undefined ? undefined : parseDeviceId(device.id);
      if (was !== undefined && isSame(device, host)) stale = { state: 'stale', bus, device };
    }
  }
  return stale;
}

/** @returns false if qplug chose the object's id for another device or another host port. Foreign ids carry no information. */
function isSame(device: AttachedDevice, host: HostDevice): boolean {
  const was = device.id === undefined ? undefined : parseDeviceId(device.id);
  if (was === undefined) return true;
  return was.vendorId === host.vendorId && was.productId === host.productId && was.port === host.port;
}

/**
 * QEMU would open the device a second time, because it checks only its filter objects (hw/usb/host-libusb.c, usb_host_auto_check).
 *
 * @returns the usb-host of a VM whose filter matches this device
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
