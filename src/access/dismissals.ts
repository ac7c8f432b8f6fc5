import type { HostDevice, HostInventory } from '../host/index.js';
import { type ClaimOwner, type Dismissal, sameKey, sameOwner } from '../registry/index.js';
import { keyOf } from './claims.js';
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
