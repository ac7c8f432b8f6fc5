/** The speeds that a device can run at. Input: the shape of its descriptors; output: speeds in Mb/s for `usb-host` and `usb-redir`. */

export type {
  AltSettingShape,
  ConfigurationShape,
  DeviceShape,
  EndpointShape,
  InterfaceShape,
  SpeedIs,
} from './descriptor-shape.js';
export { type HostSpeeds, hostDeviceSpeeds, type NoHostSpeeds } from './host-speeds.js';
export { type RedirDevice, type RedirPeer, redirNegotiate, redirSpeeds } from './redir-speeds.js';
