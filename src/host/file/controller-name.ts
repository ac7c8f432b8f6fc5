import { isPciAddress } from '../names/index.js';

/**
 * The host controller of a bus, read from the serial number of its root hub: the kernel sets it to the name of the controller's device
 * (drivers/usb/core/hcd.c, rh_string).
 *
 * @returns as in `HostDevice.controller`; undefined for the I/O address that kernels before 2.6 wrote, and for anything else
 */
export function controllerOfSerial(serial: string | undefined): string | undefined {
  const name = serial?.trim().toLowerCase() ?? '';
  if (isPciAddress(name)) return name;
  // old kernels knew no PCI domains: 00:1d.7
  if (isPciAddress(`0000:${name}`)) return `0000:${name}`;
  const plain = serial?.trim() ?? '';
  return /^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/.test(plain) && /[g-z]/i.test(plain) ? plain : undefined;
}
