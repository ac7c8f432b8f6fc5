import { printable } from '../../diag/index.js';
import { formatId, isPciAddress, UNKNOWN_CONTROLLER } from '../names/index.js';
import type { HostDevice, HostInventory } from '../usb-device.js';
import { matchSelector } from './match.js';
import { isSelector, parseSelector, type Selector } from './selector.js';

/** The place and ids of a device. Unlike bus.addr they survive replug and reboot, so they may be stored. */
export interface DeviceIdentity {
  /** As in `HostDevice.controller`. */
  readonly controller: string;
  readonly chain: readonly number[];
  readonly vendorId: number;
  readonly productId: number;
  readonly serial: string | undefined;
}

export function identityOf(device: HostDevice): DeviceIdentity {
  const { controller, chain, vendorId, productId, serial } = device;
  return { controller, chain, vendorId, productId, serial };
}

/** @returns whether both are the same device at the same place */
export function sameIdentity(a: DeviceIdentity, b: DeviceIdentity): boolean {
  return (
    a.controller === b.controller &&
    a.vendorId === b.vendorId &&
    a.productId === b.productId &&
    a.serial === b.serial &&
    a.chain.join('.') === b.chain.join('.')
  );
}

/** @returns `pci-0000:00:14.0`, or `platform-NAME` for one that is not on PCI; undefined if unknown */
export function formatController(controller: string): string | undefined {
  if (controller === UNKNOWN_CONTROLLER) return undefined;
  return `${isPciAddress(controller) ? 'pci' : 'platform'}-${controller}`;
}

/** @returns `pci-0000:00:14.0/2.3`; undefined if the controller or the port is unknown, so that no two devices share one */
export function formatLocation(place: Pick<DeviceIdentity, 'controller' | 'chain'>): string | undefined {
  const controller = formatController(place.controller);
  return controller === undefined || place.chain.length === 0 ? undefined : `${controller}/${place.chain.join('.')}`;
}

/** @returns an identity for people: `pci-0000:00:14.0/2.3 0781:5567 4C530001`; safe to print */
export function formatIdentity(identity: DeviceIdentity): string {
  const { vendorId, productId, serial } = identity;
  const parts = [formatLocation(identity), formatId(vendorId, productId), serial].filter((part) => part !== undefined);
  return parts.map((part) => printable(part, 160)).join(' ');
}

/** Serials that survive a shell, YAML and a terminal as they are. */
const PLAIN_SERIAL = /^[A-Za-z0-9._-]([A-Za-z0-9._:-]{0,62}[A-Za-z0-9._-])?$/;

/**
 * The first of these that matches only this device now: `vid:pid`, `vid:pid:serial`, port, location, `@bus.addr`. It needs no quotes: skips
 * a serial with other than plain characters.
 */
export function shortestSelector(device: HostDevice, inventory: HostInventory): string {
  const choices = [idOf(device), ...withSerial(device), device.port, ...withLocation(device)];
  return choices.find((choice) => meansAlone(choice, device, inventory)) ?? `@${device.bus}.${device.address}`;
}

const idOf = ({ vendorId, productId }: HostDevice): string => formatId(vendorId, productId);

function withSerial(device: HostDevice): string[] {
  const { serial } = device;
  return serial !== undefined && PLAIN_SERIAL.test(serial) ? [`${idOf(device)}:${serial}`] : [];
}

function withLocation(device: HostDevice): string[] {
  const location = formatLocation(device);
  return location === undefined ? [] : [location];
}

function meansAlone(text: string, device: HostDevice, inventory: HostInventory): boolean {
  const selector = parseSelector(text);
  if (!isSelector(selector)) return false;
  const matches = matchSelector(selector, inventory);
  return matches.length === 1 && matches[0]?.port === device.port;
}

/**
 * A selector for a file that still matches the device after a replug and a reboot. Keeps the user's selector if it lasts: ids, serial number
 * or place. Replaces bus.addr by `vid:pid:serial`, or by the location if that is not unique; for words or a class tries `vid:pid` in
 * between.
 *
 * @param device - the matching device; undefined if it is not plugged in, and only the user's selector is known
 */
export function lastingSelector(selector: Selector, device: HostDevice | undefined, inventory: HostInventory): string {
  if (device === undefined || !['address', 'words', 'class'].includes(selector.by)) return selector.text;
  const choices = [
    ...withSerial(device),
    ...(selector.by === 'address' ? [] : [idOf(device)]),
    ...withLocation(device),
  ];
  return choices.find((choice) => meansAlone(choice, device, inventory)) ?? device.port;
}
