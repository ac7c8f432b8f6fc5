/** The USB devices of this host: reads them from sysfs, names them, and returns them to the host's drivers. */

export { type DecodedDescriptors, type DeviceDescriptor, decodeDescriptors } from './descriptors/index.js';
export { decodeHostFile, type HostFileOptions, readHostFile } from './file/index.js';
export { type GuardsByPort, guardsByPort, type HostFiles, realHostFiles } from './guards/index.js';
export {
  comparePorts,
  connectorName,
  type DeviceStrings,
  deviceName,
  formatId,
  formatPort,
  type HostPort,
  hasPort,
  hostUsbIds,
  isRootHub,
  labelOf,
  searchUsbIds,
  type UsbIds,
} from './names/index.js';
export { nodeFinding } from './node-access.js';
export { kernelNodeRights, type NodeGrant, type NodeRights, whileGranted } from './node-rights.js';
export {
  type DeviceIdentity,
  formatController,
  formatIdentity,
  formatLocation,
  identityOf,
  isBehindPort,
  isMeantBy,
  isSelector,
  lastingSelector,
  matchHubs,
  matchSelector,
  parseSelector,
  requireSelector,
  type Selector,
  sameIdentity,
  selectOne,
  selectorFault,
  shortestSelector,
} from './selectors/index.js';
export {
  type Bindings,
  bindingsAmiss,
  bindingsOf,
  type DriverControl,
  driverBindings,
  hasKernelDriver,
  type InventoryOptions,
  kernelDrivers,
  parseRecording,
  probeDrivers,
  type RecordedEntry,
  type Recording,
  readInventory,
  realSysfs,
  rebind,
  recordedSysfs,
  recordSysfs,
  type SysfsReader,
} from './sysfs/index.js';
export type * from './usb-device.js';
export { type DeviceWait, waitForDevice } from './wait-for-device.js';
export { type DeviceEvent, watchDevices } from './watch-devices.js';
