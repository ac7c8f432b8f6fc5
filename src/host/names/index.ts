/**
 * The names of things on a host: ports, controllers, connectors, devices, vendors. The names from the kernel and usb.ids come in, and the
 * words that people and selectors use go out.
 */

export { connectorName, connectorPorts, samePort } from './connector.js';
export { controllerOf, isPciAddress, UNKNOWN_CONTROLLER } from './controller.js';
export { labelOf } from './device-label.js';
export { type DeviceStrings, deviceName, formatId } from './device-name.js';
export {
  comparePorts,
  formatAddress,
  formatPort,
  type HostPort,
  hasPort,
  isRootHub,
  parseInterfaceName,
  parsePortDevice,
  parsePortName,
} from './port-name.js';
export { hostUsbIds, searchUsbIds, type UsbIds } from './usb-ids.js';
