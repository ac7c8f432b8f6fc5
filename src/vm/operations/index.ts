/**
 * The commands on a VM, one file each. Each command reads the situation, plans, and passes its steps to the transaction.
 */

export { type AdoptReport, adopt, type ForgetReport, forgetAdopted } from './adopt.js';
export {
  type AssignedReport,
  type AssignmentsReport,
  type AssignReport,
  assign,
  assignmentsOf,
  type UnassignReport,
  unassign,
} from './assign.js';
export { type AttachedReport, type AttachReport, attach } from './attach.js';
export { attachTo, detachFrom, type VmAndFileChange } from './change-vm-and-file.js';
export { type DetachedReport, type DetachReport, detach } from './detach.js';
export { type Check, diagnose } from './doctor.js';
export { type EndReport, killVm, shutdownVm } from './end-vm.js';
export { stayWith } from './foreground.js';
export { type DeleteReport, deleteSnapshot, listSnapshots, type Snapshot, snapshotTags } from './list-snapshots.js';
export { mend, mendWhenEnded } from './mend.js';
export { type MigrateReport, type MigrateRequest, migrate, type StayedDevice } from './migrate.js';
export { type MigrationUri, parseMigrationUri } from './migration-uri.js';
export { type RebalanceReport, type RebalanceRequest, rebalance } from './rebalance.js';
export { type ReleaseAction, type ReleaseReport, release } from './release.js';
export { type FormerPlace, removeDeadObject } from './remove-dead-object.js';
export { type RestoreReport, type RestoreRequest, restoreSnapshot } from './restore-snapshot.js';
export { type ResumedDevice, type ResumeReport, type ResumeRequest, resume } from './resume.js';
export { type RunningVm, type RunRequest, runVm } from './run.js';
export { type DeviceAt, type SaveReport, type SaveRequest, saveSnapshot } from './save-snapshot.js';
export { type ShareRequest, shareVm, VmShare } from './share.js';
export { tagOfNow } from './snapshot-tag.js';
export { statusOf, type VmStatus } from './status.js';
export { type SuspendReport, suspend } from './suspend.js';
export { type WaitWish, waitUntil } from './wait.js';
