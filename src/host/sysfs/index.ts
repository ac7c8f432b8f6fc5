/**
 * The kernel's view of USB: sysfs, real or recorded, comes in, and the inventory of a host goes out; besides, which drivers its interfaces
 * have, and giving them back.
 */

export {
  type Bindings,
  bindingsAmiss,
  bindingsOf,
  type DriverControl,
  driverBindings,
  hasKernelDriver,
  kernelDrivers,
  probeDrivers,
  rebind,
} from './drivers.js';
export { type InventoryOptions, readInventory } from './inventory.js';
export { realSysfs } from './real-sysfs.js';
export { recordSysfs } from './record-sysfs.js';
export { parseRecording, type RecordedEntry, type Recording, recordedSysfs } from './recorded-sysfs.js';
export { DEVICES, type SysfsReader } from './sysfs-reader.js';
