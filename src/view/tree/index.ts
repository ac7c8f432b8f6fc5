/**
 * The USB tree of a VM, as the text and the picture show it. A controller comes in, with a plan or the state of its VM; its ports with
 * devices, hubs and runs of free ports go out, and the words for each device.
 */

export { type Describe, type DeviceLook, type DeviceWords, planWords, statusWords } from './device-words.js';
export { type FreeNode, type KeptPorts, type PortNode, portTree } from './port-tree.js';
