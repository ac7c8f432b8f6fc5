/** The engine: what is done to a VM, from plan to verified. Everything that people touch stands on these functions. */
export { type AttachedReport, type AttachReport, attach } from './attach.js';
export { type AttachPlan, type AttachRequest, draftAttach, planAttach } from './attach-plan.js';
export { type DetachedReport, type DetachReport, detach } from './detach.js';
export type { DeviceState } from './device-state.js';
export { type Check, diagnose } from './doctor.js';
export { type EndReport, killVm, shutdownVm } from './end-vm.js';
export { stayWith } from './foreground.js';
export { awaitHostDrivers, restoreDrivers } from './give-back.js';
export { type HostAccess, inventoryOf } from './host-access.js';
export { listVms } from './list-vms.js';
export { findVm, isVmFile, type OpenVm, openVm, type VmTarget } from './open-vm.js';
export type { Operation } from './operation.js';
export { commandLineOf, type Prepared, prepare } from './prepare.js';
export { type RebalanceReport, type RebalanceRequest, rebalance } from './rebalance.js';
export { roomInFile, roomInVm } from './room.js';
export { type RunningVm, type RunRequest, runVm } from './run.js';
export { statusOf, type VmStatus } from './status.js';
