import { type Finding, finding } from '../diag/index.js';
import { formatId } from './names/index.js';
import type { HostDevice } from './usb-device.js';

/**
 * @returns why QEMU could not open this device's node (`device-node-denied`, `device-node-missing`); undefined if it can, or if that is not
 *   known
 */
export function nodeFinding(device: HostDevice): Finding | undefined {
  if (device.access === 'usable' || device.access === 'unknown') return undefined;
  const { port, node, name } = device;
  const evidence = { device: port, id: formatId(device.vendorId, device.productId), name, node };
  return finding(device.access === 'denied' ? 'device-node-denied' : 'device-node-missing', evidence);
}
