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

/** How a device in a VM stands against the host. */
export interface DeviceState {
  readonly device: AttachedDevice;
  readonly bus: string;
  /**
   * `attached` · `slower`: attached below its speed on the host · `stale`: what it stood for is gone from the host · `detached`:
   * QEMU does not have it attached · `emulated`: QEMU makes it
   */
  readonly state: 'attached' | 'slower' | 'stale' | 'detached' | 'emulated';
  /** Whether qplug plugged it. */
  readonly ours: boolean;
  readonly host: HostDevice | undefined;
  /** The speed that QEMU would give it on a port of its own speed; undefined for an emulated device, and where the host does not tell. */
  readonly native: Speed | undefined;
}

/**
 * @param claims - those of the VM
 * @returns how a device that QEMU has on this bus stands against the host
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
  const host = match.is === 'here' ? match.host : undefined;
  const speeds = host === undefined ? undefined : hostDeviceSpeeds(host, version);
  const native = speeds !== undefined && 'native' in speeds ? speeds.native : undefined;
  const known = { device, bus, ours, host, native };
  if (device.driver !== 'usb-host') return { ...known, state: 'emulated', host: undefined, native: undefined };
  if (match.is === 'gone') return { ...known, state: 'stale' };
  if (!device.attached) return { ...known, state: 'detached' };
  const slower = native !== undefined && (device.megabits ?? 0) < megabits(native);
  return { ...known, state: slower ? 'slower' : 'attached' };
}
