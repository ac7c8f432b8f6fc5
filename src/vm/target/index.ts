/**
 * Finds the VM that a word on a command line names, and connects to its monitor. Input: a name, a VM file or the path of a socket. Output:
 * a `VmTarget`, an `OpenVm`, or the file to change.
 */

export { type ChangeChoice, type ChangeTarget, changeTarget } from './change-target.js';
export { connectMonitor } from './connect-monitor.js';
export { adoptedVms, findVm, isRunning, isVmFile } from './find-vm.js';
export { type AdoptedVm, listAdopted, listVms } from './list-vms.js';
export { type OpenVm, openVm, takeMonitor } from './open-vm.js';
export { reachOwner } from './reach-owner.js';
export { fileOf, nameInFile, readVmFile, readVmFileText } from './vm-file.js';
export { isVmWord, parseVmWord } from './vm-word.js';
