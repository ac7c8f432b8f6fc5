import type { Finding } from '../diag/index.js';
import type { HostInventory } from '../host/index.js';
import type { AttachedDevice, Topology } from '../qdev/index.js';
import type { Claim } from '../registry/index.js';
import { giveBackClaims, lossOf } from './claims.js';
import type { HostAccess } from './host-access.js';
import { matchDevice } from './match-device.js';

/**
 * Makes the claims of a VM what the VM shows: a device that it has is `attached`, one that it has lost is `failed`, one that it has
 * not is the host's again.
 *
 * @param claims - those in question, as they were seen
 * @param topology - of the VM; undefined when it is gone
 * @param inventory - the host at that time
 */
export async function settleClaims(
  claims: readonly Claim[],
  topology: Topology | undefined,
  inventory: HostInventory,
  host: HostAccess,
): Promise<Finding[]> {
  const objects = topology?.controllers.flatMap((controller) => controller.devices) ?? [];
  const findings: Finding[] = [];
  const since = new Date().toISOString();
  for (const claim of claims) {
    const object = objects.find(({ id }) => id === claim.device);
    if (object === undefined || isOfAnother(object, claim, claims, inventory)) {
      findings.push(...(await giveBackClaims([claim], host)));
      continue;
    }
    const reason = object.attached ? lossOf(claim, inventory) : 'QEMU has lost it';
    const state = reason === undefined ? 'attached' : 'failed';
    if (claim.state === state && claim.worker === undefined) continue;
    host.claims.change([claim], (now) => ({ ...now, state, reason, worker: undefined, since }));
  }
  return findings;
}

/** Whether an object that has the id of a claim stands for the device of another one: a board that came back in another mode, say. */
function isOfAnother(
  object: AttachedDevice,
  claim: Claim,
  claims: readonly Claim[],
  inventory: HostInventory,
): boolean {
  return claims.some(
    (other) =>
      other !== claim && other.device === claim.device && matchDevice(object, inventory, [other]).is === 'here',
  );
}
