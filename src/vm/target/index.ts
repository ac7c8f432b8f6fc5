/**
 * Which VM a word on a command line names, and its monitor in hand. In goes a name, a VM file or the path of a socket; out comes a `VmTarget`,
 * an `OpenVm`, or the file that is to be changed.
 */

export { type ChangeTarget, type Choice, changeTarget } from './change-target.js';
export { findVm, isVmFile } from './find-vm.js';
export { listVms } from './list-vms.js';
export { type OpenVm, openVm } from './open-vm.js';
export { reachOwner } from './reach-owner.js';
export { fileOf, readVmFile, readVmFileText } from './vm-file.js';
