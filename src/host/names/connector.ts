import type { HostDevice, HostInventory } from '../usb-device.js';
import { comparePorts, formatPort, type HostPort, hasPort, parsePortName } from './port-name.js';

/**
 * The names of the connector that a device is plugged into: the device's own port, and the port of the other half (USB 2 or USB 3) if the
 * host reports it. If the hub port of a device has no peer, the nearest hub above that has one decides, because a cable keeps its halves,
 * and both halves of a hub count their ports alike (drivers/usb/core/port.c, find_and_link_peer).
 *
 * @returns the device's own port first
 */
export function connectorPorts(device: HostDevice, inventory: HostInventory): readonly HostPort[] {
  const own: HostPort = { bus: device.bus, chain: device.chain };
  for (let length = device.chain.length; length > 0; length--) {
    const above = formatPort({ bus: device.bus, chain: device.chain.slice(0, length) });
    const peer = above === device.port ? device.peer : hubsByPort(inventory).get(above)?.peer;
    const place = peer === undefined ? undefined : parsePortName(peer);
    if (place !== undefined) {
      return [own, { bus: place.bus, chain: [...place.chain, ...device.chain.slice(length)] }];
    }
  }
  return [own];
}

/**
 * The hubs of each inventory by port. They are cached, because an inventory never changes and connectors are looked up for each of its
 * devices.
 */
const hubs = new WeakMap<HostInventory, ReadonlyMap<string, HostDevice>>();

function hubsByPort(inventory: HostInventory): ReadonlyMap<string, HostDevice> {
  const known = hubs.get(inventory);
  if (known !== undefined) return known;
  const made = new Map(inventory.hubs.map((hub) => [hub.port, hub]));
  hubs.set(inventory, made);
  return made;
}

export function samePort(a: HostPort, b: HostPort): boolean {
  return comparePorts(a, b) === 0;
}

/**
 * The connector of a device as one word, the same for both of its halves: the host controller, and the half on the lower bus. It is valid
 * for one boot, as bus numbers are. A device whose port is not known has a connector of its own.
 */
export function connectorName(device: HostDevice, inventory: HostInventory): string {
  if (!hasPort(device)) return `${device.controller}/${device.port}`;
  const [lowest] = [...connectorPorts(device, inventory)].sort(comparePorts);
  return `${device.controller}/${lowest === undefined ? device.port : formatPort(lowest)}`;
}
