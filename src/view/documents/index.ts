/**
 * What `--json` prints. Reports, plans, topologies and host devices come in, and plain data goes out that matches a schema of schemas/.
 * Strings stay as devices and files wrote them; the code that prints the data escapes what a terminal would act upon.
 */

export { adoptDocument, assignDocument, assignmentsDocument, unassignDocument } from './assignments.js';
export { attachDocument } from './attach.js';
export { capacityDocument } from './capacity.js';
export { claimDocument } from './claim.js';
export { detachDocument, driversOf } from './detach.js';
export { type DeviceNotes, devicesDocument } from './devices.js';
export { doctorDocument, hasPassed } from './doctor.js';
export { hostDeviceDocument } from './host-device.js';
export { listDocument } from './list.js';
export { migrateDocument } from './migrate.js';
export { planDocument } from './plan.js';
export { rebalanceDocument } from './rebalance.js';
export { releaseDocument } from './release.js';
export { runDocument } from './run.js';
export { keptShareDocument, shareDocument } from './share.js';
export { statusDocument } from './status.js';
export { resumeDocument, suspendDocument } from './suspension.js';
export { vmsDocument } from './vms.js';
