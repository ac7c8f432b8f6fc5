import type { GuardKind } from '../../diag/index.js';
import type { ClaimKey, ClaimOwner } from './claim.js';

/**
 * A device that vanished from the host while a VM had it. The agent removed its dead object from the VM, and attaches the device again when
 * it returns. Until `hold` has passed, any device that appears at its connector belongs to the VM: a board that is flashed returns there under
 * other ids.
 */
export interface LostDevice {
  readonly key: ClaimKey;
  readonly owner: ClaimOwner;
  /** For messages; printable. */
  readonly label: string;
  /** Its former port in the VM; undefined if it is not known. */
  readonly place: { readonly bus: string; readonly port: string } | undefined;
  /** Guards against it that the user switched off. */
  readonly guardOff: readonly GuardKind[];
  /** ms, from `since` on. */
  readonly hold: number;
  /** The ids or classes to which the device may change, as typed: `0483:df11`. Without any, it may change to any device. */
  readonly also: readonly string[];
  /** When it vanished: ISO 8601. */
  readonly since: string;
}
