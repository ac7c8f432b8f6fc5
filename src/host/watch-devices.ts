import { setTimeout as delay } from 'node:timers/promises';
import type { HostDevice, HostInventory } from './usb-device.js';

/** ms between two reads; the kernel does not notify ordinary programs. */
const READ_INTERVAL = 500;

/** A device that was plugged in or unplugged, and the inventory that shows it. */
export interface DeviceEvent {
  readonly event: 'plugged' | 'pulled';
  readonly device: HostDevice;
  readonly inventory: HostInventory;
}

/**
 * Reports devices that are plugged in and unplugged, first all present ones. Recognizes a replug between two reads by the new address.
 *
 * @param read - one read of the host
 * @param pick - selects devices of an inventory
 * @param signal - ends it, without an error
 */
export async function* watchDevices(
  read: () => HostInventory,
  pick: (inventory: HostInventory) => readonly HostDevice[],
  signal: AbortSignal,
): AsyncGenerator<DeviceEvent, void, undefined> {
  let known = new Map<string, HostDevice>();
  while (!signal.aborted) {
    const inventory = read();
    const now = new Map(pick(inventory).map((one) => [`${one.port} ${one.bus}.${one.address}`, one]));
    for (const [key, device] of now) if (!known.has(key)) yield { event: 'plugged', device, inventory };
    for (const [key, device] of known) if (!now.has(key)) yield { event: 'pulled', device, inventory };
    known = now;
    await delay(READ_INTERVAL, undefined, { signal }).catch(() => undefined);
  }
}
