import type { HostDevice, HostInventory } from '../host/index.js';
import { type AttachedDevice, type HostFilter, parseDeviceId, type Topology } from '../qdev/index.js';
import { type Claim, sameKey } from '../registry/index.js';
import { keyOf } from './claims.js';

/**
 * Which device of the host an object in a VM is. `here`: QEMU was given this one, and it is where it was. `gone`: QEMU was given one that is
 * not there any more; another one may have its address by now. `none`: QEMU makes it itself, or takes whatever matches a filter.
 */
export type DeviceMatch =
  | { readonly is: 'here'; readonly host: HostDevice }
  | { readonly is: 'gone' }
  | { readonly is: 'none' };

/**
 * Says which host device an object in a VM is, was, or is not: the one place that does. QEMU tells the address that it was given, and the
 * kernel gives the address of a device that went to another one. So the id counts too, where qplug made it, and the claim of the VM.
 *
 * @param claims - those of the VM; without them an object of others is known by its address alone
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

/** @returns the host device that an object in a VM is; undefined where it is none, or that is gone. Else as `matchDevice` */
export function hostOf(
  object: AttachedDevice,
  inventory: HostInventory,
  claims: readonly Claim[] = [],
): HostDevice | undefined {
  const match = matchDevice(object, inventory, claims);
  return match.is === 'here' ? match.host : undefined;
}

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

/** @returns false when the id of an object, made by qplug, tells of another device or another host port. Foreign ids tell nothing. */
function isSame(device: AttachedDevice, host: HostDevice): boolean {
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
