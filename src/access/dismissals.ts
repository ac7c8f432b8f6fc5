import { type HostDevice, type HostInventory, isSelector, matchSelector, parseSelector } from '../host/index.js';
import { type ClaimKey, type ClaimOwner, type Dismissal, sameKey, sameOwner } from '../registry/index.js';
import { keyed, keyOf } from './claims.js';
import type { HostAccess } from './host-access.js';

/** A host device that a person takes from a VM. */
export type DismissedDevice = Pick<Dismissal, 'key' | 'label'>;

/** @returns the devices that a person took from a VM by hand, and has not given back to it */
export function dismissalsOf(owner: ClaimOwner, host: HostAccess): Dismissal[] {
  return host.claims.dismissals.list().filter((one) => sameOwner(one.owner, owner));
}

/**
 * Records that a person takes devices from a VM, before they leave it: who sees a device come back to the host sees this too.
 *
 * @returns undoes that, if the devices stay
 */
export function dismiss(devices: readonly DismissedDevice[], owner: ClaimOwner, host: HostAccess): () => void {
  if (devices.length === 0) return () => undefined;
  const since = new Date().toISOString();
  const { dismissals } = host.claims;
  const before = dismissalsOf(owner, host);
  const made = devices.map(({ key, label }): Dismissal => ({ owner, key, label, since }));
  dismissals.put(made);
  return () => {
    dismissals.remove(made);
    dismissals.put(before.filter(({ key }) => made.some((one) => sameKey(one.key, key))));
  };
}

/** Forgets that a person took these devices from a VM: the person has given them back to it. */
export function liftDismissals(
  devices: readonly HostDevice[],
  owner: ClaimOwner,
  inventory: HostInventory,
  host: HostAccess,
): void {
  if (devices.length === 0) return;
  const keys = devices.map((device) => keyOf(device, inventory));
  const lifted = dismissalsOf(owner, host).filter(({ key }) => keys.some((one) => sameKey(one, key)));
  host.claims.dismissals.remove(lifted);
}

/** Forgets those that a test is true of, of any VM. */
export function liftDismissalsThat(isOne: (dismissal: Dismissal) => boolean, host: HostAccess): void {
  const { dismissals } = host.claims;
  dismissals.remove(dismissals.list().filter(isOne));
}

/**
 * @param selector - its text
 * @returns whether it matches the device of a dismissal. If that is not plugged in, only its ids, its serial number and its port are known
 */
export function matchesDismissal(selector: string, { key }: Pick<Dismissal, 'key'>, inventory: HostInventory): boolean {
  const parsed = parseSelector(selector);
  if (!isSelector(parsed)) return false;
  const device = keyed(key, inventory);
  if (device !== undefined) return matchSelector(parsed, inventory).some(({ port }) => port === device.port);
  const serial = key.serial.trim();
  switch (parsed.by) {
    case 'serial':
      return parsed.serial === serial;
    case 'id':
      return isId(parsed, key) && (parsed.serial === undefined || parsed.serial === serial);
    case 'port':
      return key.connector.endsWith(`/${parsed.bus}-${parsed.chain.join('.')}`);
    case 'location':
      return key.connector.startsWith(`${parsed.controller}/`) && key.connector.endsWith(`-${parsed.chain.join('.')}`);
    default:
      return false;
  }
}

const isId = (one: Pick<ClaimKey, 'vendorId' | 'productId'>, other: ClaimKey): boolean =>
  one.vendorId === other.vendorId && one.productId === other.productId;
