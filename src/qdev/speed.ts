/**
 * The four speed classes of QEMU's USB core (include/hw/usb.h, USB_SPEED_*). It takes faster SuperSpeed generations for `super`.
 */
export type Speed = 'low' | 'full' | 'high' | 'super';

/** A set of speeds as bits: LOW | FULL | HIGH | SUPER, the numbering of QEMU's USB_SPEED_MASK_*. */
export type SpeedMask = number;

/** 1.5 Mb/s. */
export const LOW: SpeedMask = 1;
/** 12 Mb/s. */
export const FULL: SpeedMask = 2;
/** 480 Mb/s. */
export const HIGH: SpeedMask = 4;
/** 5000 Mb/s, and faster SuperSpeed generations. */
export const SUPER: SpeedMask = 8;

/** Slowest first. */
export const SPEEDS: readonly Speed[] = ['low', 'full', 'high', 'super'];

const MEGABITS: Readonly<Record<Speed, number>> = { low: 1.5, full: 12, high: 480, super: 5000 };

/** @returns the bit of one speed */
export function maskOf(speed: Speed): SpeedMask {
  return 1 << SPEEDS.indexOf(speed);
}

/** @returns Mb/s as QEMU prints it: 1.5, 12, 480 or 5000 */
export function megabits(speed: Speed): number {
  return MEGABITS[speed];
}

/** @returns the class of a figure in Mb/s as sysfs and `info usb` print it; undefined for any other figure */
export function speedOfMegabits(figure: number): Speed | undefined {
  if (figure === 10000 || figure === 20000) return 'super';
  return SPEEDS.find((speed) => MEGABITS[speed] === figure);
}

/** @returns the speeds in a mask, slowest first */
export function speedsIn(mask: SpeedMask): Speed[] {
  return SPEEDS.filter((speed) => (mask & maskOf(speed)) !== 0);
}

/**
 * The one rule of QEMU's USB core: a device attaches where its mask and the port's have a speed in common, at the highest one
 * (usb_check_attach and usb_device_attach in hw/usb/bus.c).
 *
 * @returns that speed, or undefined when QEMU would refuse with "speed mismatch"
 */
export function negotiate(device: SpeedMask, port: SpeedMask): Speed | undefined {
  return speedsIn(device & port).at(-1);
}
