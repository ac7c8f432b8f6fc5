import type { HostDevice, HostInventory } from '../host/index.js';
import {
  type AttachedDevice,
  type Controller,
  type DeviceSpec,
  emulatedDevice,
  emulatedModel,
  isOurs,
  usbHost,
  usbHub,
} from '../qdev/index.js';
import type { ChangeStep } from './step.js';
import { labelOf } from './wanted.js';

/** The step that takes something out of a VM, and knows how it is put back. */
export type Removal = Extract<ChangeStep, { do: 'remove' }>;

/** @returns the host device that a usb-host was given by its address, when that is still plugged in */
export function hostOf(device: AttachedDevice, inventory: HostInventory): HostDevice | undefined {
  const { host } = device;
  if (host === undefined) return undefined;
  return inventory.devices.find((one) => one.bus === host.bus && one.address === host.address);
}

/** @returns the step that takes a device out */
export function removalStep(device: AttachedDevice, { bus }: Controller, inventory: HostInventory): Removal {
  const path = device.qomPath ?? `/machine/peripheral/${device.id}`;
  const host = hostOf(device, inventory);
  const { id } = device;
  const label = host === undefined ? (id ?? path) : labelOf(host);
  return {
    do: 'remove',
    target: id ?? path,
    qomPath: path,
    label,
    restore: restoreOf(device, bus, host),
    hostPort: host?.port,
  };
}

/**
 * A passed-through device and a hub are made of what can be read back. So is an emulated device that `attach` made; what others
 * gave theirs can't be read.
 */
function restoreOf(device: AttachedDevice, bus: string, host: HostDevice | undefined): DeviceSpec | undefined {
  const { id, port, driver, hubPorts } = device;
  if (id === undefined || port === undefined) return undefined;
  if (hubPorts !== undefined) return usbHub({ id, bus, port, ports: hubPorts });
  if (isOurs(id) && emulatedModel(driver) !== undefined) return emulatedDevice({ driver, id, bus, port });
  return host === undefined ? undefined : usbHost({ id, bus, port, hostbus: host.bus, hostaddr: host.address });
}
