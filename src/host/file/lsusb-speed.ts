import { type Finding, finding } from '../../diag/index.js';
import { formatId } from '../device-name.js';
import type { HostConfiguration } from '../usb-device.js';

/** What the descriptors say of the speed at which they were read. */
export interface InferredSpeed {
  /** Mb/s */
  readonly megabits: number;
  /** For people: what it can be. */
  readonly range: string;
}

/**
 * lsusb before 016 does not tell at which speed a device runs; often its descriptors leave one speed alone, since it shows them as
 * they are at that speed (USB 2.0, 5.5.3, 5.7.3 and 5.8.3; USB 3.2, 9.6.1): control packets have 8 bytes at low speed, 8 to 64 at
 * full speed, 64 at high speed and 2⁹ at SuperSpeed; bulk packets up to 64 at full speed, 512 at high speed; interrupt packets up
 * to 64 at full speed.
 *
 * @param device - bMaxPacketSize0, bcdUSB as a number and all configurations
 * @returns undefined when several speeds are possible that QEMU's ports tell apart. Low and full speed they do not.
 */
export function inferSpeed(device: {
  readonly packets: number | undefined;
  readonly version: number;
  readonly configurations: readonly HostConfiguration[];
}): InferredSpeed | undefined {
  const { packets, version, configurations } = device;
  if (packets === 9 && version >= 3) return { megabits: 5000, range: 'a device of 5000 Mb/s or more' };
  if (packets === 8) return { megabits: 12, range: 'a device of 1.5 or 12 Mb/s' };
  const full = { megabits: 12, range: 'a device of 12 Mb/s' };
  const high = { megabits: 480, range: 'a device of 480 Mb/s' };
  if (packets === 16 || packets === 32 || version < 2) return full;
  if (packets !== 64) return undefined;
  const endpoints = configurations
    .flatMap((one) => one.interfaces)
    .flatMap((one) => one.altSettings)
    .flatMap((one) => one.endpoints);
  const bulk = endpoints.find(({ type }) => type === 'bulk');
  if (bulk !== undefined) return bulk.maxPacketSize === 512 ? high : bulk.maxPacketSize <= 64 ? full : undefined;
  const fast = endpoints.some(({ type, maxPacketSize }) => type === 'interrupt' && maxPacketSize > 64);
  return fast ? high : undefined;
}

/** @returns the note that a speed was inferred, or that it can't be */
export function speedFinding(
  device: { readonly bus: number; readonly address: number; readonly id: readonly [number, number] },
  inferred: InferredSpeed | undefined,
): Finding {
  const { bus, address, id } = device;
  const evidence = { device: `@${bus}.${address}`, id: formatId(...id) };
  if (inferred === undefined) return finding('device-speed-untold', evidence);
  return finding('device-speed-inferred', { ...evidence, ...inferred }, { severity: 'note' });
}
