import { printable } from '../../diag/index.js';
import type { HostDevice } from '../usb-device.js';
import { formatId } from './device-name.js';

/** The longest name that a USB string descriptor can hold, in UTF-16 units: a descriptor has 255 bytes, two of which are its header. */
const NAME_LENGTH = 126;

/** @returns `vid:pid "name" at port`, printable; every message names a host device in this way */
export function labelOf(device: Pick<HostDevice, 'vendorId' | 'productId' | 'name' | 'port'>): string {
  return `${formatId(device.vendorId, device.productId)} "${printable(device.name, NAME_LENGTH)}" at ${device.port}`;
}
