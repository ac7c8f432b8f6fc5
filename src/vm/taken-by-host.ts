import type { GuardKind } from '../diag/index.js';
import { claimOn } from './claims.js';
import { guardsFor } from './guarded.js';
import { type HostAccess, inventoryOf } from './host-access.js';
import type { RemoveStep } from './step.js';

/**
 * Guards whose breaking loses data. A program that only has the device open may be udev, which looks at everything that comes back; that
 * is no reason not to undo.
 */
const LOSES_DATA: readonly GuardKind[] = ['mount', 'swap', 'volume'];

/**
 * Whether the host has taken a device into use since it was taken out of a VM: mounted by a desktop, say, while its guest was on the
 * way. What was handed over in spite of that is not asked about again.
 */
export async function isTakenByHost({ hostPort }: Pick<RemoveStep, 'hostPort'>, host: HostAccess): Promise<boolean> {
  const inventory = inventoryOf(host);
  const device = inventory.devices.find(({ port }) => port === hostPort);
  if (device === undefined) return false;
  const guards = (await guardsFor([device], inventory, host)).get(device.port) ?? [];
  const off = claimOn(device, inventory, host.claims.list())?.guardOff ?? [];
  return guards.some(({ kind }) => LOSES_DATA.includes(kind) && !off.includes(kind));
}
