/** QEMU's USB world as data: which devices QEMU has, how qplug spells them, and how it reads them back. Pure. */
export { BOARDS, type Board, type BoardController, boardOf, predictBoard } from './boards.js';
export {
  type Capabilities,
  type ModelProperties,
  mayHave,
  nearestController,
  readCapabilities,
} from './capabilities.js';
export {
  type ControllerFacts,
  controllerModel,
  controllerModels,
  type PortProperties,
  type PortRule,
  rootPorts,
} from './controller-facts.js';
export {
  busOf,
  CONTROLLER_ALIASES,
  CONTROLLER_MODELS,
  type Companion,
  controllerPorts,
  type Ich9Place,
  ich9Group,
  predictControllers,
  resolveControllerModel,
  withCompanions,
} from './controllers.js';
export type * from './descriptor-shape.js';
export type * from './device-spec.js';
export {
  type AttachMoment,
  type Backend,
  EMULATED_MODELS,
  type EmulatedModel,
  emulatedMask,
  emulatedModel,
} from './emulated.js';
export { type HostSpeeds, hostDeviceSpeeds, type NoHostSpeeds } from './host-speeds.js';
export {
  DEFAULT_HUB_PORTS,
  HUB_MASK,
  HUB_PORT_MASK,
  type HubSpec,
  isHubPortCount,
  MAX_HUB_PORTS,
  predictHub,
} from './hub.js';
export {
  type DeviceIdentity,
  deviceId,
  hubId,
  isOurs,
  isQemuId,
  makeId,
  parseDeviceId,
  uniqueId,
} from './id.js';
export { readPciPaths } from './observe/pci-path.js';
export { alongside, type QueryCommand, type QueryReply, type Reading } from './observe/query.js';
export { observeTopology } from './observe.js';
export {
  childPort,
  comparePorts,
  formatPort,
  MAX_HUB_CHAIN,
  parentPort,
  parsePort,
  portDepth,
} from './port-path.js';
export { type ControllerRefusal, firstRefused, refusesController } from './predict-controller.js';
export { type DeviceOutcome, type DeviceRefusal, predictDevice } from './predict-device.js';
export { type RedirDevice, type RedirPeer, redirNegotiate, redirSpeeds } from './redir-speeds.js';
export * from './speed.js';
export {
  controllerDevice,
  deviceAddArguments,
  deviceOption,
  emulatedDevice,
  type PropertyValue,
  pcieRootPort,
  type RootPortPlace,
  spellsDevicesAsJson,
  type UsbPlace,
  usbHost,
  usbHostByNode,
  usbHostNode,
  usbHub,
} from './spelling.js';
export type * from './topology.js';
export {
  emptyTopology,
  findController,
  freePorts,
  type NewDevice,
  type PortView,
  portMask,
  portsOf,
  unplacedDevices,
  withController,
  withDevice,
  withHub,
} from './topology-query.js';
export { atLeast, formatVersion, parseQemuVersion, type QemuVersion } from './version.js';
export { hasFact, VERSION_FACTS, type VersionFact, type VersionFactName } from './version-facts.js';
