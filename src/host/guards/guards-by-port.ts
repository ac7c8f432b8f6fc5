import type { Guard } from '../../diag/index.js';
import type { HostDevice, HostInventory } from '../usb-device.js';
import type { HostFiles } from './host-files.js';

/** By the device's port: why the host needs it. Contains no devices that the host does not need. */
export type GuardsByPort = ReadonlyMap<string, readonly Guard[]>;

/**
 * Finds out from /proc and /sys why the host needs devices. Loads the readers only here.
 *
 * @param devices - including hubs, but no devices of a host file
 * @param files - undefined: no guards
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
