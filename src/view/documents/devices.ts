import type { GuardsByPort, HostDevice, HostInventory } from '../../host/index.js';
import type { Claim } from '../../registry/index.js';
import { claimSummary } from './claim.js';
import { hostDeviceDocument, hubDocument } from './host-device.js';

/** What qplug knows of host devices beyond what they report themselves, by port. A field is undefined if nobody looked. */
export interface DeviceNotes {
  readonly claims?: ReadonlyMap<string, Claim> | undefined;
  readonly guards?: GuardsByPort | undefined;
}

/**
 * For programs: the devices of a host.
 *
 * @param devices - the selected devices of the inventory; the document always lists its hubs
 */
export function devicesDocument(
  devices: readonly HostDevice[],
  inventory: HostInventory,
  { claims, guards }: DeviceNotes = {},
): Record<string, unknown> {
  return {
    devices: devices.map((one) => ({
      ...hostDeviceDocument(one, inventory, guards),
      ...(claims === undefined ? {} : { claim: claimOf(claims.get(one.port)) }),
    })),
    hubs: inventory.hubs.map((one) => hubDocument(one, guards)),
  };
}

function claimOf(claim: Claim | undefined): Record<string, unknown> | null {
  return claim === undefined ? null : claimSummary(claim);
}
