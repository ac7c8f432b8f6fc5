/**
 * The kernel's view of USB. Input: sysfs, real or recorded. Output: the inventory of a host, and the drivers of its interfaces; also
 * restores those drivers.
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
