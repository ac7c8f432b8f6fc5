import type { PacketSize } from './listing-grammar.js';

/**
 * The raw wMaxPacketSize behind a size that a listing shows. The kernel multiplies the size with the transactions of a microframe
 * on a high-speed device (drivers/usb/core/devices.c); usb-devices does so too, as far as sysfs still tells them. Several
 * transactions have packets of 513 to 1024 bytes, three of 683 to 1024 (USB 2.0, table 9-14): so what is shown tells both, unless
 * a device breaks that rule.
 *
 * @returns the 16-bit field, or undefined when no field gives this size
 */
export function rawPacketSize({ bytes, transactions }: PacketSize, highSpeed: boolean): number | undefined {
  if (transactions !== undefined) return bytes > 0x7ff ? undefined : bytes | ((transactions - 1) << 11);
  if (!highSpeed || bytes <= 1024) return bytes > 0x7ff ? undefined : bytes;
  const times = bytes <= 2048 ? 2 : 3;
  return bytes % times === 0 && bytes <= 3072 ? (bytes / times) | ((times - 1) << 11) : undefined;
}
