import type { Finding } from '../../diag/index.js';
import type { HostConfiguration } from '../usb-device.js';
import { decodeConfiguration } from './configuration.js';
import { DescriptorFaults } from './descriptor-faults.js';
import { DEVICE, u16 } from './descriptor-types.js';
import { configurationExtents } from './descriptor-walk.js';

/** The fields of the device descriptor (USB 3.2, 9.6.1) that qplug needs. */
export interface DeviceDescriptor {
  readonly class: number;
  readonly vendorId: number;
  readonly productId: number;
}

export interface DecodedDescriptors {
  /** Undefined when the file does not begin with a device descriptor. */
  readonly device: DeviceDescriptor | undefined;
  readonly configurations: readonly HostConfiguration[];
  /** Warnings; the decoded part can still be used. */
  readonly findings: readonly Finding[];
}

const DEVICE_LENGTH = 18;

/**
 * Decodes the file `descriptors` of sysfs: the device descriptor, then each configuration with everything in it (drivers/usb/core/sysfs.c,
 * descriptors_read). The bytes come from the device and are not trusted. Whatever they are, the function returns what it could read, and
 * findings for the rest, in time that grows with their number.
 *
 * @param bytes - the whole file
 * @param device - the sysfs name, for the findings
 */
export function decodeDescriptors(bytes: Uint8Array, device: string): DecodedDescriptors {
  const faults = new DescriptorFaults(device);
  if (bytes.length < DEVICE_LENGTH || bytes[0] !== DEVICE_LENGTH || bytes[1] !== DEVICE) {
    faults.add('device-descriptor', 0);
    return { device: undefined, configurations: [], findings: faults.findings };
  }
  const told = bytes[17] ?? 0;
  const extents = configurationExtents(bytes, DEVICE_LENGTH, faults);
  if (extents.length !== told) faults.add('configuration-count', 17, told, extents.length);
  return {
    device: { class: bytes[4] ?? 0, vendorId: u16(bytes, 8), productId: u16(bytes, 10) },
    configurations: extents.map((extent) => decodeConfiguration(bytes, extent, faults)),
    findings: faults.findings,
  };
}
