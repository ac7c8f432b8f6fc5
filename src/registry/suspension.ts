import type { GuardKind } from '../diag/index.js';
import type { ClaimKey, ClaimOwner } from './claim.js';

/** A device that a VM had when it was suspended, and where: it gets it back there. */
export interface SuspendedDevice {
  readonly key: ClaimKey;
  /** Its id in the VM. */
  readonly id: string;
  /** How people call it, printable. */
  readonly label: string;
  /** Where it was plugged in: sysfs' name. */
  readonly hostPort: string;
  readonly bus: string;
  readonly port: string;
  /** What the VM's file says of it. */
  readonly whenMissing: 'skip' | 'wait' | 'fail';
  /** As in its claim: nobody is asked again. */
  readonly guardOff: readonly GuardKind[];
}

/** A VM whose guest stands still and whose devices are the host's meanwhile. */
export interface Suspension {
  readonly owner: ClaimOwner;
  readonly devices: readonly SuspendedDevice[];
  /** ISO 8601. */
  readonly since: string;
}
