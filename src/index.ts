/**
 * qplug as a library: what the commands do. `openVm` finds a VM and takes its monitor; `attach`, `detach`, `statusOf` work on it; `runVm`
 * starts one from its file. Errors are `QplugError`s: match on `code`.
 */
export {
  awaitHostDrivers,
  claimOn,
  giveBack,
  type HostAccess,
  inventoryOf,
  type VmTarget,
} from './access/index.js';
export { loadVmFile, parseVmFile, type VmFile } from './config/index.js';
export { type Code, describe, type Finding, QplugError } from './diag/index.js';
export {
  type HostDevice,
  type HostInventory,
  kernelDrivers,
  matchSelector,
  parseSelector,
  readInventory,
  realSysfs,
  type Selector,
  selectOne,
} from './host/index.js';
export { runtimeDir, VmRegistry } from './registry/index.js';
export * from './vm/index.js';
