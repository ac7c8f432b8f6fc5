import type { HostDeviceWish, VmFile } from '../config/index.js';
import { type Finding, finding, type Severity } from '../diag/index.js';
import { type HostDevice, type HostInventory, isMeantBy, labelOf } from '../host/index.js';

/**
 * Whether a VM's file lets it have a device: `deny` wins over `allow`; without `allow` every device is allowed.
 *
 * @returns the finding that the file denies the device, or none
 */
export function deniedFindings(
  device: HostDevice,
  vm: string,
  file: VmFile | undefined,
  inventory: HostInventory,
  severity: Severity = 'error',
): Finding[] {
  const matches = (rule: string): boolean => isMeantBy(rule, device, inventory);
  const denied = file?.usb.deny.find(matches);
  if (denied === undefined && (file?.usb.allow === undefined || file.usb.allow.some(matches))) return [];
  return [finding('device-denied', { label: labelOf(device), vm, rule: denied }, { severity })];
}

/** @returns the VM file's entry for a host device */
export function wishFor(
  device: HostDevice,
  file: VmFile | undefined,
  inventory: HostInventory,
): HostDeviceWish | undefined {
  return file?.usb.devices.find(
    (one): one is HostDeviceWish => one.kind === 'host' && isMeantBy(one.select, device, inventory),
  );
}
