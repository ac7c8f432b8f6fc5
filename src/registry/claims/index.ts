/**
 * Which VM has which host device, in one database: claims, suspended VMs, lost devices, and devices detached by hand. In: an owner and a
 * device; out: rows, each change a transaction. A reboot ends all of it.
 */

export { type Claim, type ClaimKey, type ClaimOwner, type ClaimState, sameKey, sameOwner } from './claim.js';
export { ClaimStore } from './claim-store.js';
export type { Dismissal } from './dismissal.js';
export type { LostDevice } from './lost-device.js';
export type { SuspendedDevice, Suspension } from './suspension.js';
