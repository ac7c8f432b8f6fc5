import { matchDevice } from '../../access/index.js';
import type { HostDevice, HostInventory } from '../../host/index.js';
import {
  type AttachedDevice,
  hostDeviceSpeeds,
  isOurs,
  megabits,
  type QemuVersion,
  type Speed,
} from '../../qdev/index.js';
import type { Claim } from '../../registry/index.js';

/** The state of a device in a VM, compared with the host. */
export interface DeviceState {
  readonly device: AttachedDevice;
  readonly bus: string;
  /**
   * `attached` · `slower`: attached below its speed on the host · `stale`: its device is gone from the host · `detached`: QEMU lost the
   * device · `emulated`: QEMU emulates it
   */
  readonly state: 'attached' | 'slower' | 'stale' | 'detached' | 'emulated';
  /** Whether qplug plugged it in. */
  readonly ours: boolean;
  readonly hostDevice: HostDevice | undefined;
  /** Its speed in QEMU on a port of its own speed; undefined for an emulated device, and if the host does not know its speed. */
  readonly native: Speed | undefined;
}

/**
 * @param claims - the VM's claims
 * @returns the state of a device on this bus, compared with the host
 */
export function stateOf(
  device: AttachedDevice,
  bus: string,
  inventory: HostInventory,
  version: QemuVersion,
  claims: readonly Claim[] = [],
): DeviceState {
  const ours = device.id !== undefined && isOurs(device.id);
  const match = matchDevice(device, inventory, claims);
  const hostDevice = match.is === 'here' ? match.hostDevice : undefined;
  const speeds = hostDevice === undefined ? undefined : hostDeviceSpeeds(hostDevice, version);
  const native = speeds !== undefined && 'native' in speeds ? speeds.native : undefined;
  const known = { device, bus, ours, hostDevice, native };
  if (device.driver !== 'usb-host') return { ...known, state: 'emulated', hostDevice: undefined, native: undefined };
  if (match.is === 'gone') return { ...known, state: 'stale' };
  if (!device.attached) return { ...known, state: 'detached' };
  const slower = native !== undefined && (device.megabits ?? 0) < megabits(native);
  return { ...known, state: slower ? 'slower' : 'attached' };
}
