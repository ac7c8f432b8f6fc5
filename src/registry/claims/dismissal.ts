import type { ClaimKey, ClaimOwner } from './claim.js';

/**
 * A host device that a person took from a VM by hand: it stays away from this VM, also when it is plugged in again, until a person attaches
 * or assigns it again, or the VM ends.
 */
export interface Dismissal {
  readonly owner: ClaimOwner;
  readonly key: ClaimKey;
  /** For messages; printable. */
  readonly label: string;
  /** ISO 8601. */
  readonly since: string;
}
