/**
 * qplug's records on this host: its VMs, the claims on devices, the former places of devices, what a person assigned to a VM or detached by
 * hand, and the transactions in progress.
 */

export {
  type Assignment,
  type AssignmentOptions,
  type AssignmentRecord,
  alsoIdentityOf,
  HOLD,
} from './assignment-record.js';
export { AssignmentStore } from './assignment-store.js';
export { type Claim, type ClaimKey, type ClaimOwner, type ClaimState, sameKey, sameOwner } from './claim.js';
export { ClaimStore } from './claim-store.js';
export type { Dismissal } from './dismissal.js';
export { Journal, type JournalEntry, type Watch } from './journal.js';
export type { JournalHead, Mark, StepMark } from './journal-record.js';
export type { LostDevice } from './lost-device.js';
export type { PlaceRecord, RememberedController, RememberedDevice } from './place-record.js';
export { PlaceStore } from './place-store.js';
export { type ShareRecord, ShareStore } from './share-store.js';
export type {
  SavedController,
  SavedDevice,
  SavedHostDevice,
  SnapshotIdentity,
  SnapshotRecord,
  UsbTree,
} from './snapshot-record.js';
export { SnapshotStore } from './snapshot-store.js';
export { runtimeDir, stateDir } from './state-folders.js';
export type { SuspendedDevice, Suspension } from './suspension.js';
export { fileNameOf, isVmName } from './vm-name.js';
export type { VmRecord } from './vm-record.js';
export { lives, VmRegistry } from './vm-registry.js';
