import { printable } from '../printable.js';
import { shellWord } from '../shell-word.js';

/** One device as a list of choices shows it. Strings are raw. */
export interface DeviceChoice {
  /** The shortest selector that names this device alone. */
  readonly selector: string;
  readonly id: string;
  readonly port: string;
  readonly serial: string | undefined;
  readonly name: string;
}

/** @returns the selector as a user types it, or its printable form if it can't be typed */
export function typedSelector({ selector }: DeviceChoice): string {
  return shellWord(selector) ?? printable(selector, 96);
}

/** One line of a list: what to type, then what it is. */
export function choice(device: DeviceChoice): string {
  const serial = device.serial === undefined ? 'no serial' : `serial ${printable(device.serial, 64)}`;
  return `${typedSelector(device)} (${printable(device.name, 64)}, ${device.id}, port ${printable(device.port, 48)}, ${serial})`;
}
