import { type ClaimOwner, type Suspension, sameOwner } from '../registry/index.js';
import type { HostAccess } from './host-access.js';

/** @returns what a VM gets back when it is resumed; undefined when it was not suspended */
export function suspensionOf(owner: ClaimOwner, host: HostAccess): Suspension | undefined {
  return host.claims.suspensions.list().find((one) => sameOwner(one.owner, owner));
}
