import { connectorPorts, type HostPort, samePort, UNKNOWN_CONTROLLER } from '../names/index.js';
import type { HostDevice, HostInventory } from '../usb-device.js';
import { requireSelector, type Selector } from './selector.js';

/**
 * The devices that a selector matches, in the order of the inventory. Hubs are never among them.
 *
 * A port or location matches the connector with both its halves (USB 2 and USB 3). Only if each half has its own device does it match just
 * the device on the given half.
 */
export function matchSelector(selector: Selector, inventory: HostInventory): HostDevice[] {
  return matchAmong(selector, inventory.devices, inventory);
}

/**
 * @param selector - its text, already checked
 * @returns whether it matches a device
 */
export function isMeantBy(selector: string, device: HostDevice, inventory: HostInventory): boolean {
  return matchSelector(requireSelector(selector), inventory).some(({ port }) => port === device.port);
}

/** The hubs that a selector matches, in order to refuse them. */
export function matchHubs(selector: Selector, inventory: HostInventory): HostDevice[] {
  return matchAmong(selector, inventory.hubs, inventory);
}

function matchAmong(selector: Selector, among: readonly HostDevice[], inventory: HostInventory): HostDevice[] {
  switch (selector.by) {
    case 'id':
      return among.filter(
        (one) =>
          one.vendorId === selector.vendorId &&
          one.productId === selector.productId &&
          (selector.serial === undefined || one.serial?.trim() === selector.serial),
      );
    case 'serial':
      return among.filter((one) => one.serial?.trim() === selector.serial);
    case 'address':
      return among.filter((one) => one.bus === selector.bus && one.address === selector.address);
    case 'class':
      return among.filter((one) => one.classes.includes(selector.class));
    case 'words':
      return among.filter((one) => countWords(selector.words, one) === selector.words.length);
    case 'port': {
      const named = { bus: selector.bus, chain: selector.chain };
      return onConnector(among, inventory, (port) => samePort(port, named));
    }
    case 'location': {
      const behind = among.filter((one) => isBehindController(one, selector.controller));
      return onConnector(behind, inventory, (port) => samePort({ ...port, bus: 0 }, { bus: 0, chain: selector.chain }));
    }
  }
}

/** @returns how many of the words (in lower case) a device's strings and name have in them */
export function countWords(words: readonly string[], device: HostDevice): number {
  const text = `${device.manufacturer ?? ''} ${device.product ?? ''} ${device.name}`.toLowerCase();
  return words.filter((word) => text.includes(word)).length;
}

/** An unknown controller matches nothing: two devices with unknown controllers need not share one. */
function isBehindController(device: HostDevice, controller: string): boolean {
  return controller !== UNKNOWN_CONTROLLER && device.controller === controller;
}

function onConnector(
  among: readonly HostDevice[],
  inventory: HostInventory,
  isNamed: (port: HostPort) => boolean,
): HostDevice[] {
  const matches = among.filter((one) => connectorPorts(one, inventory).some(isNamed));
  return matches.filter((one) => isNamed(one) || !matches.some((other) => isNamed(other) && other.port === one.peer));
}

/**
 * @param selector - a port or a location
 * @returns whether a device is plugged into that connector, directly or behind hubs
 */
export function isBehindPort(selector: Selector, device: HostDevice, inventory: HostInventory): boolean {
  if (selector.by !== 'port' && selector.by !== 'location') return false;
  if (selector.by === 'location' && !isBehindController(device, selector.controller)) return false;
  return connectorPorts(device, inventory).some(
    ({ bus, chain }) =>
      (selector.by === 'location' || bus === selector.bus) &&
      selector.chain.every((port, level) => chain[level] === port),
  );
}
