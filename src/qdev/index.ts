/** QEMU's USB world as data: which devices QEMU has, how qplug spells them, and how it reads them back. Pure. */

export {
  type Capabilities,
  type ModelProperties,
  mayHave,
  nearestController,
  readCapabilities,
} from './capabilities.js';
export type * from './device-spec.js';
export {
  deviceId,
  hubId,
  type IdAndPort,
  isOurs,
  isQemuId,
  makeId,
  parseDeviceId,
  uniqueId,
} from './id.js';
export {
  type AttachMoment,
  type Backend,
  busOf,
  CONTROLLER_ALIASES,
  CONTROLLER_MODELS,
  type Companion,
  type ControllerFacts,
  controllerModel,
  controllerModels,
  controllerPorts,
  DEFAULT_HUB_PORTS,
  EMULATED_MODELS,
  type EmulatedModel,
  emulatedMask,
  emulatedModel,
  HUB_MASK,
  HUB_PORT_MASK,
  type HubSpec,
  type Ich9Place,
  ich9Group,
  isHubPortCount,
  MAX_HUB_PORTS,
  type PortProperties,
  type PortRule,
  predictControllers,
  predictHub,
  resolveControllerModel,
  rootPorts,
  withCompanions,
} from './models/index.js';
export {
  alongside,
  observeNamed,
  observeTopology,
  type QueryCommand,
  type QueryReply,
  type Reading,
  readPciPaths,
} from './observe/index.js';
export {
  childPort,
  comparePorts,
  formatPort,
  MAX_HUB_CHAIN,
  parentPort,
  parsePort,
  portDepth,
} from './port-path.js';
export {
  BOARDS,
  type Board,
  type BoardController,
  boardOf,
  type ControllerRefusal,
  type DeviceOutcome,
  type DeviceRefusal,
  firstRefused,
  predictBoard,
  predictDevice,
  refusesController,
} from './predict/index.js';
export * from './speed.js';
export {
  type AltSettingShape,
  type ConfigurationShape,
  type DeviceShape,
  type EndpointShape,
  type HostSpeeds,
  hostDeviceSpeeds,
  type InterfaceShape,
  type NoHostSpeeds,
  type RedirDevice,
  type RedirPeer,
  redirNegotiate,
  redirSpeeds,
  type SpeedIs,
} from './speeds/index.js';
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
