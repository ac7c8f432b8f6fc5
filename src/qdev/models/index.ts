/** The USB controllers, hubs and emulated devices that QEMU has: their ports, speeds and properties, with the source of each fact. */

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
export {
  type AttachMoment,
  type Backend,
  EMULATED_MODELS,
  type EmulatedModel,
  emulatedMask,
  emulatedModel,
} from './emulated.js';
export {
  DEFAULT_HUB_PORTS,
  HUB_MASK,
  HUB_PORT_MASK,
  type HubSpec,
  isHubPortCount,
  MAX_HUB_PORTS,
  predictHub,
} from './hub.js';
