/** bDescriptorType (USB 3.2, table 9-6). All other types are class-specific, and the decoder skips them by their length. */
export const DEVICE = 0x01;
export const CONFIGURATION = 0x02;
export const INTERFACE = 0x04;
export const ENDPOINT = 0x05;
export const SUPERSPEED_COMPANION = 0x30;
export const SUPERSPEEDPLUS_ISO_COMPANION = 0x31;

/** The shortest bLength with which each type is usable (USB 3.2, 9.6). Class specifications make some types longer, as audio does. */
export const LEAST_LENGTH: Readonly<Record<number, number>> = {
  [DEVICE]: 18,
  [CONFIGURATION]: 9,
  [INTERFACE]: 9,
  [ENDPOINT]: 7,
  [SUPERSPEED_COMPANION]: 6,
  [SUPERSPEEDPLUS_ISO_COMPANION]: 8,
};

/** One descriptor of the file. */
export interface RawDescriptor {
  readonly type: number;
  /** bLength, in bytes. */
  readonly length: number;
  /** Bytes from the start of the file. */
  readonly offset: number;
}

/** Multi-byte fields are little-endian, as on the wire: the kernel does not convert them (drivers/usb/core/sysfs.c, descriptors_read). */
export function u16(bytes: Uint8Array, offset: number): number {
  return (bytes[offset] ?? 0) | ((bytes[offset + 1] ?? 0) << 8);
}

export function u32(bytes: Uint8Array, offset: number): number {
  return u16(bytes, offset) + u16(bytes, offset + 2) * 0x10000;
}
