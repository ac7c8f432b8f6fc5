import type { Finding } from '../diag/index.js';
import type { Topology } from '../qdev/index.js';
import type { Claim, ClaimOwner } from '../registry/index.js';
import { sameOwner } from '../registry/index.js';
import { giveBackClaims, lossOf } from './claims.js';
import { type HostAccess, inventoryOf } from './host-access.js';

/** @returns the claims of a VM */
export function claimsOf(owner: ClaimOwner, host: HostAccess): Claim[] {
  return host.claims.list().filter((claim) => sameOwner(claim.owner, owner));
}

/**
 * Makes the claims of a VM what the VM shows: a device that it has is `attached`, one that it has lost is `failed`, one that it has
 * not is the host's again.
 *
 * @param claims - those in question, as they were seen
 * @param topology - of the VM; undefined when it is gone
 */
export async function settleClaims(
  claims: readonly Claim[],
  topology: Topology | undefined,
  host: HostAccess,
): Promise<Finding[]> {
  const devices = topology?.controllers.flatMap((controller) => controller.devices) ?? [];
  const findings: Finding[] = [];
  const since = new Date().toISOString();
  for (const claim of claims) {
    const device = devices.find(({ id }) => id === claim.device);
    if (device === undefined) {
      findings.push(...(await giveBackClaims([claim], host)));
      continue;
    }
    const reason = device.attached ? lossOf(claim, inventoryOf(host)) : 'QEMU has lost it';
    const state = reason === undefined ? 'attached' : 'failed';
    if (claim.state === state && claim.worker === undefined) continue;
    host.claims.change([claim], (now) => ({ ...now, state, reason, worker: undefined, since }));
  }
  return findings;
}
