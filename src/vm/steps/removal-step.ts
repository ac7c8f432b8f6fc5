import { keyOf, matchDevice } from '../../access/index.js';
import { type HostDevice, type HostInventory, labelOf } from '../../host/index.js';
import {
  type AttachedDevice,
  type Controller,
  type DeviceSpec,
  emulatedDevice,
  emulatedModel,
  isOurs,
  usbHost,
  usbHub,
} from '../../qdev/index.js';
import type { Claim } from '../../registry/index.js';
import type { ChangeStep } from './step.js';

/** The step that removes a device from a VM, with the data to plug it in again. */
export type Removal = Extract<ChangeStep, { do: 'remove' }>;

/**
 * @param claims - the VM's claims
 * @returns the step that removes a device. Its undo does not restore the object of a device that is gone from the host, or that QEMU lost.
 */
export function removalStep(
  device: AttachedDevice,
  { bus }: Pick<Controller, 'bus'>,
  inventory: HostInventory,
  claims: readonly Claim[] = [],
): Removal {
  const path = device.qomPath ?? `/machine/peripheral/${device.id}`;
  const match = matchDevice(device, inventory, claims);
  const hostDevice = match.is === 'here' ? match.hostDevice : undefined;
  const { id } = device;
  const step = {
    do: 'remove',
    target: id ?? path,
    qomPath: path,
    label: hostDevice === undefined ? (id ?? path) : labelOf(hostDevice),
    hostPort: hostDevice?.port,
  } as const;
  if (match.is === 'gone' || (match.is === 'here' && !device.attached))
    return { ...step, restore: undefined, stale: true };
  return { ...step, restore: restoreOf(device, bus, hostDevice), identity: hostDevice && keyOf(hostDevice, inventory) };
}

/**
 * QEMU shows all properties of a passed-through device, of a hub, and of an emulated device that `attach` created; it does not show the
 * properties that other programs gave an emulated device.
 */
function restoreOf(device: AttachedDevice, bus: string, hostDevice: HostDevice | undefined): DeviceSpec | undefined {
  const { id, port, driver, hubPorts } = device;
  if (id === undefined || port === undefined) return undefined;
  if (hubPorts !== undefined) return usbHub({ id, bus, port, ports: hubPorts });
  if (isOurs(id) && emulatedModel(driver) !== undefined) return emulatedDevice({ driver, id, bus, port });
  return hostDevice === undefined
    ? undefined
    : usbHost({ id, bus, port, hostbus: hostDevice.bus, hostaddr: hostDevice.address });
}
