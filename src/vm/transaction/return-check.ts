import { claimOn, guardsFor, type HostAccess, inventoryOf, keyOf } from '../../access/index.js';
import { type Finding, finding, type GuardKind } from '../../diag/index.js';
import type { HostDevice, HostInventory } from '../../host/index.js';
import { type DeviceSpec, parseDeviceId } from '../../qdev/index.js';
import { sameKey } from '../../registry/index.js';
import type { AddStep, RemoveStep } from '../steps/index.js';

/**
 * Guards that protect data. A program that only has the device open may be udev, which opens every new device; that is no reason against
 * an undo.
 */
const LOSES_DATA: readonly GuardKind[] = ['mount', 'swap', 'volume'];

/**
 * Whether a host device may come back into its VM. It may not if another device has its address by now, or if the host has begun to use the
 * device: a desktop may have mounted it during a migration, for example. Guards that the user switched off do not count.
 *
 * @param vm - the VM's name, for the finding
 * @returns the finding why it does not come back, `device-gone` or `stays-with-host`; undefined if it may come back
 */
export async function returnCheck(
  step: AddStep | RemoveStep,
  vm: string,
  host: HostAccess,
): Promise<Finding | undefined> {
  const spec = step.do === 'add' ? step.device : step.restore;
  const { hostbus, hostaddr } = spec?.properties ?? {};
  if (spec === undefined || hostbus === undefined || hostaddr === undefined) return undefined;
  const inventory = inventoryOf(host);
  const { label, hostPort: port = 'unknown' } = step;
  const device = inventory.devices.find((one) => one.bus === hostbus && one.address === hostaddr);
  if (device === undefined || !isSameDevice(step, spec, device, inventory))
    return finding('device-gone', { label, port });
  const guards = (await guardsFor([device], inventory, host)).get(device.port) ?? [];
  const off = claimOn(device, inventory, host.claims.list())?.guardOff ?? [];
  const guard = guards.find(({ kind }) => LOSES_DATA.includes(kind) && !off.includes(kind));
  return guard === undefined ? undefined : finding('stays-with-host', { label, vm, port: device.port, guard });
}

/** The journal of an older release contains no identity. Then the id that qplug gave and the host port are compared. */
function isSameDevice(
  { identity, hostPort }: AddStep | RemoveStep,
  { id }: DeviceSpec,
  device: HostDevice,
  inventory: HostInventory,
): boolean {
  if (identity !== undefined) return sameKey(keyOf(device, inventory), identity);
  if (hostPort !== undefined && hostPort !== device.port) return false;
  const was = parseDeviceId(id);
  return was === undefined || (was.vendorId === device.vendorId && was.productId === device.productId);
}
