import type { Finding } from '../diag/index.js';
import type { HostInventory } from '../host/index.js';
import type { AttachedDevice, BusDevices } from '../qdev/index.js';
import type { Claim } from '../registry/index.js';
import { giveBackClaims, lossOf } from './claims.js';
import type { HostAccess } from './host-access.js';
import { matchDevice } from './match-device.js';

/**
 * Settles claims by the actual state of the VM. The claim on a device that the VM has becomes `attached`, and on one that it has lost
 * `failed`. A device that it lacks returns to the host.
 *
 * @param claims - the claims to settle, as read before
 * @param topology - the VM's devices, at least those with the ids of the claims; undefined if the VM is gone
 * @param inventory - the host's devices at that time
 */
export async function settleClaims(
  claims: readonly Claim[],
  topology: { readonly controllers: readonly BusDevices[] } | undefined,
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
    const reason = object.attached ? lossOf(claim, inventory) : 'QEMU lost it';
    const state = reason === undefined ? 'attached' : 'failed';
    if (claim.state === state && claim.worker === undefined) continue;
    host.claims.change([claim], (now) => ({ ...now, state, reason, worker: undefined, since }));
  }
  return findings;
}

/** Whether an object with the id of one claim has the device of another claim, for example after a board changed its mode. */
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
