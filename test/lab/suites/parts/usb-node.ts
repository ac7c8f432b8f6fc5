import type { LabDevice } from '../../inside/devices.js';

/** The node of a device. */
export function nodeOf({ bus, address }: Pick<LabDevice, 'bus' | 'address'>): string {
  const three = (value: number): string => String(value).padStart(3, '0');
  return `/dev/bus/usb/${three(bus)}/${three(address)}`;
}
