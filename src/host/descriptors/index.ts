/**
 * USB descriptors: the bytes with which a device describes itself come in, and its configurations, interfaces and endpoints go out, with
 * findings for the faults in them.
 */

export { type DecodedDescriptors, type DeviceDescriptor, decodeDescriptors } from './descriptors.js';
