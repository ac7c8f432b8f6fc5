import type { HostConfiguration, HostEndpoint } from '../../usb-device.js';

/** The speeds that QEMU's ports distinguish. They do not distinguish low and full speed. */
type Class = 'full' | 'high' | 'super';

const MEGABITS: Readonly<Record<Class, number>> = { full: 12, high: 480, super: 5000 };

/**
 * Infers the speed of a device, because lsusb before 016 does not print it. lsusb shows the descriptors as they are at that speed, so they
 * exclude some speeds. Only rules that real devices keep are used:
 *
 * - bMaxPacketSize0 is 9 at SuperSpeed only (it stands for 2⁹ bytes; USB 3.2, 9.6.1), and 64 at high speed (USB 2.0, 5.5.3); 8, 16 and 32
 *   leave low and full speed.
 * - At full speed, an isochronous endpoint has at most 1023 bytes (5.6.3), an interrupt endpoint at most 64 (5.7.3), and neither has more
 *   than one transaction in a microframe (9.6.6).
 * - A bulk endpoint of 512 bytes does not run at full speed (5.8.3). One of 64 bytes or fewer excludes nothing, since some devices have
 *   those at high speed. bcdUSB does not exclude high speed either, since some high-speed devices report 1.10. But no SuperSpeed device
 *   reports less than 3.00, because the kernel rejects it (drivers/usb/core/hub.c, hub_port_init).
 *
 * @param device - bMaxPacketSize0, bcdUSB as a number, and all configurations
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

/** `maxPacketSize` is raw: its upper bits hold the number of transactions. */
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
