import { claimOn, guardsFor, type HostAccess, inventoryOf, keyOf } from '../../access/index.js';
import { type Finding, finding, type GuardKind } from '../../diag/index.js';
import type { HostDevice, HostInventory } from '../../host/index.js';
import { type DeviceSpec, parseDeviceId } from '../../qdev/index.js';
import { sameKey } from '../../registry/index.js';
import type { AddStep, RemoveStep } from '../steps/index.js';

/**
 * Guards whose breaking loses data. A program that only has the device open may be udev, which looks at everything that comes back; that
 * is no reason not to undo.
 */
const LOSES_DATA: readonly GuardKind[] = ['mount', 'swap', 'volume'];

/**
 * Whether a device of the host may come back into the VM that it was taken out of. It may not where the address that QEMU is to open is
 * another device's by now, nor where the host has taken the device into use meanwhile: mounted by a desktop, say, while its guest was on
 * the way. What was handed over in spite of that is not asked about again.
 *
 * @param vm - by whatever name it is reached
 * @returns the finding that it does not come back, `device-gone` or `stays-with-host`; undefined: it may
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
  if (device === undefined || !isMeant(step, spec, device, inventory)) return finding('device-gone', { label, port });
  const guards = (await guardsFor([device], inventory, host)).get(device.port) ?? [];
  const off = claimOn(device, inventory, host.claims.list())?.guardOff ?? [];
  const guard = guards.find(({ kind }) => LOSES_DATA.includes(kind) && !off.includes(kind));
  return guard === undefined ? undefined : finding('stays-with-host', { label, vm, port: device.port, guard });
}

/** An older qplug has written no identity: then the id that it gave tells, or the host port. */
function isMeant(
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
