/**
 * USB descriptors: the bytes that a device tells of itself come in, and its configurations, interfaces and endpoints go out, with findings
 * for what is wrong in them.
 */

export { type DecodedDescriptors, type DeviceDescriptor, decodeDescriptors } from './descriptors.js';
