import { FULL, HIGH, maskOf, type Speed, type SpeedMask } from '../speed.js';
import type { QemuVersion } from '../version.js';
import { hasFact } from '../version-facts.js';
import type { AltSettingShape, DeviceShape, EndpointShape, InterfaceShape } from './descriptor-shape.js';

/** The speeds at which QEMU attaches a passed-through device. */
export interface HostSpeeds {
  /** All of them. */
  readonly mask: SpeedMask;
  /** The device's own speed. */
  readonly native: Speed;
}

/**
 * Why qplug promises no port for a device. `speed-10000`: QEMU before 6.0 does not know 10 Gb/s. `speed-20000`: libusb's code for
 * 20 Gb/s indexes past the end of QEMU's table, so the result is a matter of luck. `speed-untold`: the host knows the speed, but the
 * description that qplug reads leaves it out.
 */
export interface NoHostSpeeds {
  readonly unsupported: 'speed-10000' | 'speed-20000' | 'speed-untold';
}

/**
 * The speeds at which a usb-host device attaches: its own, and slower ones where its descriptors allow it
 * (hw/usb/host-libusb.c, usb_host_speed_compat; verified against 5.2, 7.2, 10.0 and 11.1).
 *
 * @param shape - Mb/s from sysfs, and every configuration, interface, alternate setting and endpoint
 * @returns its mask and own speed. QEMU takes a speed that the kernel does not know for low speed, whatever the device is. A speed
 *   that a file leaves out may be any. The mask holds no slower speed that depends on something the shape leaves out.
 */
export function hostDeviceSpeeds(shape: DeviceShape, version: QemuVersion): HostSpeeds | NoHostSpeeds {
  if (shape.megabits === undefined && shape.speedIs === 'untold') return { unsupported: 'speed-untold' };
  if (shape.megabits === 20000) return { unsupported: 'speed-20000' };
  if (shape.megabits === 10000 && !hasFact(version, 'ten-gigabit')) return { unsupported: 'speed-10000' };
  const native = nativeSpeed(shape.megabits);
  const slower = native === 'super' || native === 'high' ? slowerSpeeds(shape, hasFact(version, 'scsi-fallback')) : 0;
  // A device gains only what is below its own speed.
  const below = native === 'super' ? HIGH | FULL : FULL;
  return { mask: maskOf(native) | (slower & below), native };
}

/** libusb maps the figures in sysfs to its codes. QEMU takes a speed that libusb does not know for low speed. */
function nativeSpeed(figure: number | undefined): Speed {
  switch (figure) {
    case 12:
      return 'full';
    case 480:
      return 'high';
    case 5000:
    case 10000:
      return 'super';
    default:
      return 'low';
  }
}

/** @returns those of HIGH and FULL at which every endpoint that QEMU looks at works */
function slowerSpeeds(shape: DeviceShape, scsiShortcut: boolean): SpeedMask {
  if (shape.partial === true) return 0;
  return shape.configurations
    .flatMap((configuration) => configuration.interfaces)
    .flatMap((one) => countedEndpoints(one, scsiShortcut))
    .reduce((mask, endpoint) => mask & compatible(endpoint), HIGH | FULL);
}

/**
 * From 6.1 on, QEMU stops looking at an interface at the first setting of SCSI mass storage (class 8, subclass 6), so that such a
 * device may always fall back. The settings before it still count.
 */
function countedEndpoints(
  { altSettings, partial }: InterfaceShape,
  scsiShortcut: boolean,
): readonly (EndpointShape | 'untold')[] {
  const end = scsiShortcut ? altSettings.findIndex(isScsi) : -1;
  const counted = (end < 0 ? altSettings : altSettings.slice(0, end)).flatMap((setting) => setting.endpoints);
  return partial === true && end < 0 ? [...counted, 'untold'] : counted;
}

function isScsi(setting: AltSettingShape): boolean {
  return setting.class === 8 && setting.subclass === 6;
}

/** Compares `maxPacketSize` raw, with the bits for additional transactions, as QEMU does. */
function compatible(endpoint: EndpointShape | 'untold'): SpeedMask {
  if (endpoint === 'untold') return 0;
  const { type, maxPacketSize, streams } = endpoint;
  switch (type) {
    case 'isochronous':
      return 0;
    case 'bulk':
      return streams === 0 ? HIGH | FULL : 0;
    case 'interrupt':
      return maxPacketSize > 1024 ? 0 : maxPacketSize > 64 ? HIGH : HIGH | FULL;
    case 'control':
      return HIGH | FULL;
  }
}
