import type { Guard } from '../../diag/index.js';
import type { HostDevice, HostInventory } from '../usb-device.js';
import { readGuardFacts } from './facts.js';
import { guardsOf } from './guards-of.js';
import type { HostFiles } from './host-files.js';

/**
 * @returns why the host needs these devices, from the present state of /proc and /sys. `guardsByPort` loads this module only when it is
 *   needed
 */
export function readGuards(
  devices: readonly HostDevice[],
  inventory: HostInventory,
  files: HostFiles,
): ReadonlyMap<string, readonly Guard[]> {
  const facts = readGuardFacts(files, devices);
  return new Map(
    devices.flatMap((device) => {
      const guards = guardsOf(device, inventory, facts);
      return guards.length === 0 ? [] : [[device.port, guards] as const];
    }),
  );
}
