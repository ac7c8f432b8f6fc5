/** What is plugged into this host: reading it from sysfs, naming devices, giving them back to the host's drivers. */

export { connectorName } from './connector.js';
export { type DecodedDescriptors, type DeviceDescriptor, decodeDescriptors } from './descriptors.js';
export { type DeviceStrings, deviceName, formatId } from './device-name.js';
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
export { decodeHostFile } from './file/decode-host-file.js';
export { type HostFileOptions, readHostFile } from './file/read-host-file.js';
export type { HostFiles } from './guards/host-files.js';
export { realHostFiles } from './guards/real-host-files.js';
export { type GuardsByPort, guardsByPort } from './guards-by-port.js';
export {
  type DeviceIdentity,
  formatController,
  formatIdentity,
  formatLocation,
  identityOf,
  lastingSelector,
  sameIdentity,
  shortestSelector,
} from './identity.js';
export { type InventoryOptions, readInventory } from './inventory.js';
export { isBehindPort, isMeantBy, matchSelector } from './match.js';
export { nodeFinding } from './node-access.js';
export { kernelNodeRights, type NodeGrant, type NodeRights } from './node-rights.js';
export { comparePorts, formatPort, type HostPort, hasPort, isRootHub } from './port-name.js';
export { realSysfs } from './real-sysfs.js';
export { recordSysfs } from './record-sysfs.js';
export { parseRecording, type RecordedEntry, type Recording, recordedSysfs } from './recorded-sysfs.js';
export { selectOne } from './select.js';
export { isSelector, parseSelector, requireSelector, type Selector } from './selector.js';
export type { SysfsReader } from './sysfs-reader.js';
export type * from './usb-device.js';
export { hostUsbIds, searchUsbIds, type UsbIds } from './usb-ids.js';
export { type DeviceWait, waitForDevice } from './wait-for-device.js';
