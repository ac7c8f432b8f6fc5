/**
 * qplug's records on this host: its VMs, the claims on devices, the former places of devices, what a person assigned to a VM or detached by
 * hand, and the transactions in progress.
 */

export type { Dismissal, LostDevice, SuspendedDevice, Suspension } from './claims/index.js';
export {
  type Claim,
  type ClaimKey,
  type ClaimOwner,
  type ClaimState,
  ClaimStore,
  sameKey,
  sameOwner,
} from './claims/index.js';
export type { JournalHead, Mark, StepMark } from './journal/index.js';
export { Journal, type JournalEntry, type Watch } from './journal/index.js';
export type {
  PlaceRecord,
  RememberedController,
  RememberedDevice,
  SavedController,
  SavedDevice,
  SavedHostDevice,
  SnapshotIdentity,
  SnapshotRecord,
  UsbTree,
} from './state/index.js';
export {
  type Assignment,
  type AssignmentOptions,
  type AssignmentRecord,
  AssignmentStore,
  alsoIdentityOf,
  HOLD,
  PlaceStore,
  SnapshotStore,
  type StandingShare,
} from './state/index.js';
export { runtimeDir, stateDir } from './state-folders.js';
export { fileNameOf, isVmName } from './vm-name.js';
export type { VmRecord } from './vms/index.js';
export { lives, type ShareRecord, ShareStore, VmRegistry } from './vms/index.js';
