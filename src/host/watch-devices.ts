import { setTimeout as delay } from 'node:timers/promises';
import type { HostDevice, HostInventory } from './usb-device.js';

/** ms between two looks; the kernel tells no ordinary program. */
const LOOK_EVERY = 500;

/** What came or went, in the inventory in which that was seen. */
export interface DeviceEvent {
  readonly event: 'plugged' | 'pulled';
  readonly device: HostDevice;
  readonly inventory: HostInventory;
}

/**
 * Reports what comes and goes, beginning with what is there. A device that was pulled and plugged again between two looks is seen by its
 * new address.
 *
 * @param read - one look at the host
 * @param pick - the devices of an inventory that are meant
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
    await delay(LOOK_EVERY, undefined, { signal }).catch(() => undefined);
  }
}
