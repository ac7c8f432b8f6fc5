import type { HostConfiguration, HostEndpoint } from '../../usb-device.js';

/** The speeds that QEMU's ports tell apart. Low and full speed they do not. */
type Class = 'full' | 'high' | 'super';

const MEGABITS: Readonly<Record<Class, number>> = { full: 12, high: 480, super: 5000 };

/**
 * lsusb before 016 does not tell at which speed a device runs. Its descriptors are shown as they are at that speed, so some speeds are
 * out. Only what holds of devices in the field counts:
 *
 * - bMaxPacketSize0 is 9 at SuperSpeed alone (it means 2⁹; USB 3.2, 9.6.1), and 64 at high speed (USB 2.0, 5.5.3); 8, 16 and 32 are left
 *   to low and full speed.
 * - An isochronous endpoint has 1023 bytes at most at full speed (5.6.3), an interrupt endpoint 64 (5.7.3), and neither has
 *   more than one transaction in a microframe (9.6.6).
 * - A bulk endpoint of 512 bytes is none of full speed (5.8.3). One of 64 or less tells nothing: there are devices that have those at
 *   high speed. Nor does bcdUSB: there are devices of high speed that say 1.10. But none of SuperSpeed says less than 3.00: the kernel
 *   does not take it (drivers/usb/core/hub.c, hub_port_init).
 *
 * @param device - bMaxPacketSize0, bcdUSB as a number and all configurations
 * @returns Mb/s; undefined where several speeds are left, or none
 */
export function inferSpeed(device: {
  readonly packets: number | undefined;
  readonly version: number | undefined;
  readonly configurations: readonly HostConfiguration[];
}): number | undefined {
  const { packets, version, configurations } = device;
  const left = new Set<Class>(classesOf(packets));
  if (version !== undefined && version < 3 && packets !== 9) left.delete('super');
  const endpoints = configurations
    .flatMap((one) => one.interfaces.flatMap((it) => it.altSettings))
    .flatMap((it) => it.endpoints);
  if (endpoints.some(isTooMuchForFullSpeed)) left.delete('full');
  const [only, other] = left;
  return only === undefined || other !== undefined ? undefined : MEGABITS[only];
}

function classesOf(packets: number | undefined): readonly Class[] {
  switch (packets) {
    case 9:
      return ['super'];
    case 64:
      return ['full', 'high'];
    case 8:
    case 16:
    case 32:
      return ['full'];
    default:
      return ['full', 'high', 'super'];
  }
}

/** `maxPacketSize` is raw: its upper bits count transactions. */
function isTooMuchForFullSpeed({ type, maxPacketSize }: HostEndpoint): boolean {
  switch (type) {
    case 'isochronous':
      return maxPacketSize > 1023;
    case 'interrupt':
      return maxPacketSize > 64;
    case 'bulk':
      return maxPacketSize >= 512;
    case 'control':
      return false;
  }
}
