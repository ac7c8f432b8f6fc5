/** Commands that plug devices in and out. In: an open VM and what a person asked for; out: a report. Each is one transaction. */

export { type AttachedReport, type AttachReport, attach } from './attach.js';
export { attachTo, detachFrom, type VmAndFileChange } from './change-vm-and-file.js';
export { checkClaimedDevices } from './check-claimed-devices.js';
export { type DetachedReport, type DetachReport, detach } from './detach.js';
export { type RebalanceReport, type RebalanceRequest, rebalance } from './rebalance.js';
export { type ReleaseAction, type ReleaseReport, release } from './release.js';
export { type FormerPlace, removeClaimedDevice } from './remove-claimed-device.js';
