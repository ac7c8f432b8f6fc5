/** Saved states of a VM: save, list, restore, delete. In: an open VM and a tag; out: a report. */

export { type DeleteReport, deleteSnapshot, listSnapshots, type Snapshot, snapshotTags } from './list-snapshots.js';
export { type RestoreReport, type RestoreRequest, restoreSnapshot } from './restore-snapshot.js';
export { type DeviceAt, type SaveReport, type SaveRequest, saveSnapshot } from './save-snapshot.js';
export { tagOfNow } from './snapshot-tag.js';
