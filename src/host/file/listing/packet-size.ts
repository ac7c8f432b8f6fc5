import type { PacketSize } from './listing-grammar.js';

/**
 * The raw wMaxPacketSize for a size that a listing shows. On a high-speed device the kernel multiplies the size by the transactions of a
 * microframe (drivers/usb/core/devices.c). usb-devices does so too, if sysfs still shows them. Packets have 513 to 1024 bytes with two
 * transactions, and 683 to 1024 with three (USB 2.0, table 9-14). So the shown size determines both, unless a device breaks that rule.
 *
 * @returns the 16-bit field; undefined when no field gives this size
 */
export function rawPacketSize({ bytes, transactions }: PacketSize, highSpeed: boolean): number | undefined {
  if (transactions !== undefined) return bytes > 0x7ff ? undefined : bytes | ((transactions - 1) << 11);
  if (!highSpeed || bytes <= 1024) return bytes > 0x7ff ? undefined : bytes;
  const times = bytes <= 2048 ? 2 : 3;
  return bytes % times === 0 && bytes <= 3072 ? (bytes / times) | ((times - 1) << 11) : undefined;
}
