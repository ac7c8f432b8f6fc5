import type { Guard } from '../../diag/index.js';
import type { HostDevice, HostInventory } from '../usb-device.js';
import type { HostFiles } from './host-files.js';

/** By the device's port: why the host needs it. Devices that it can do without are not in it. */
export type GuardsByPort = ReadonlyMap<string, readonly Guard[]>;

/**
 * Finds out why the host needs devices, from what stands in /proc and /sys now. What does it is loaded only here.
 *
 * @param devices - hubs as well; nothing is known of those of a file
 * @param files - undefined: nothing is guarded
 */
export async function guardsByPort(
  devices: readonly HostDevice[],
  inventory: HostInventory,
  files: HostFiles | undefined,
): Promise<GuardsByPort> {
  const here = devices.filter(({ access }) => access !== 'unknown');
  if (files === undefined || here.length === 0) return new Map();
  const { readGuards } = await import('./read-guards.js');
  return readGuards(here, inventory, files);
}
