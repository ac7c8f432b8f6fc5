import { QplugError } from '../diag/index.js';
import type { HostInventory } from '../host/index.js';
import type { Claim } from '../registry/index.js';
import { claimOn } from './claims.js';
import { type HostOptions, openHost } from './open-host.js';

/**
 * @returns the claims on this host's devices by their ports; undefined if they cannot be read, which the recovery at the start of the
 *   command has reported
 */
export async function claimsByPort(
  inventory: HostInventory,
  options: HostOptions,
): Promise<ReadonlyMap<string, Claim> | undefined> {
  try {
    using store = openHost(options).claims;
    if (store.isUnused) return new Map();
    const claims = store.list();
    return new Map(
      inventory.devices.flatMap((device) => {
        const claim = claimOn(device, inventory, claims);
        return claim === undefined ? [] : [[device.port, claim] as const];
      }),
    );
  } catch (error) {
    if (!(error instanceof QplugError)) throw error;
    return undefined;
  }
}
