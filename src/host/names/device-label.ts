import { printable } from '../../diag/index.js';
import type { HostDevice } from '../usb-device.js';
import { formatId } from './device-name.js';

/** The longest name that a USB string descriptor holds, in UTF-16 units: 255 bytes, two of them its head. */
const NAME_LENGTH = 126;

/** @returns `vid:pid "name" at port`, printable: how a host device is called in every message */
export function labelOf(device: Pick<HostDevice, 'vendorId' | 'productId' | 'name' | 'port'>): string {
  return `${formatId(device.vendorId, device.productId)} "${printable(device.name, NAME_LENGTH)}" at ${device.port}`;
}
