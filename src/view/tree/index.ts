/**
 * The USB tree of a VM as people are shown it, in text and picture alike: a controller comes in, with a plan or the state of its VM; its
 * ports with devices, hubs and free runs go out, and the words for each device.
 */

export { type Describe, type DeviceLook, type DeviceWords, planWords, statusWords } from './device-words.js';
export { type FreeNode, type KeptPorts, type PortNode, portTree } from './port-tree.js';
