/**
 * Records that survive a reboot, a JSON file for each VM: the places of its devices, its snapshots, its assignments. In: a VM's name; out:
 * a record that was completely checked, or a warning.
 */

export {
  type Assignment,
  type AssignmentOptions,
  type AssignmentRecord,
  alsoIdentityOf,
  HOLD,
  type StandingShare,
} from './assignment-record.js';
export { AssignmentStore } from './assignment-store.js';
export type { PlaceRecord, RememberedController, RememberedDevice } from './place-record.js';
export { PlaceStore } from './place-store.js';
export type {
  SavedController,
  SavedDevice,
  SavedHostDevice,
  SnapshotIdentity,
  SnapshotRecord,
  UsbTree,
} from './snapshot-record.js';
export { SnapshotStore } from './snapshot-store.js';
