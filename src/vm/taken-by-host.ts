import { type Finding, finding, type GuardKind } from '../diag/index.js';
import { claimOn } from './claims.js';
import { guardsFor } from './guarded.js';
import { type HostAccess, inventoryOf } from './host-access.js';
import type { RemoveStep } from './step.js';

/**
 * Guards whose breaking loses data. A program that only has the device open may be udev, which looks at everything that comes back; that
 * is no reason not to undo.
 */
const LOSES_DATA: readonly GuardKind[] = ['mount', 'swap', 'volume'];

/** A device that is to come back into a VM. */
type Returning = Pick<RemoveStep, 'hostPort' | 'label'>;

/**
 * Whether the host has taken a device into use since it was taken out of a VM: mounted by a desktop, say, while its guest was on the
 * way. What was handed over in spite of that is not asked about again.
 *
 * @param vm - by whatever name it is reached
 * @returns the finding that it stays with the host, or undefined
 */
export async function takenByHost(
  { hostPort, label }: Returning,
  vm: string,
  host: HostAccess,
): Promise<Finding | undefined> {
  const inventory = inventoryOf(host);
  const device = inventory.devices.find(({ port }) => port === hostPort);
  if (device === undefined) return undefined;
  const guards = (await guardsFor([device], inventory, host)).get(device.port) ?? [];
  const off = claimOn(device, inventory, host.claims.list())?.guardOff ?? [];
  const guard = guards.find(({ kind }) => LOSES_DATA.includes(kind) && !off.includes(kind));
  return guard === undefined ? undefined : finding('stays-with-host', { label, vm, port: device.port, guard });
}
