import type { GuardKind } from '../../diag/index.js';
import type { ClaimKey, ClaimOwner } from './claim.js';

/** A device that a VM had before its suspension; it comes back to the same port. */
export interface SuspendedDevice {
  readonly key: ClaimKey;
  /** Its id in the VM. */
  readonly id: string;
  /** For messages; printable. */
  readonly label: string;
  /** Its host port: sysfs' name. */
  readonly hostPort: string;
  readonly bus: string;
  readonly port: string;
  /** From the VM's file. */
  readonly whenMissing: 'skip' | 'wait' | 'fail';
  /** As in its claim: the user need not switch the guards off again. */
  readonly guardOff: readonly GuardKind[];
}

/** A VM whose guest is paused, and whose devices the host has in the meantime. */
export interface Suspension {
  readonly owner: ClaimOwner;
  readonly devices: readonly SuspendedDevice[];
  /** ISO 8601. */
  readonly since: string;
}
