import { selfIdentity } from '../base/index.js';
import { addFindings, type Finding } from '../diag/index.js';
import type { HostDevice } from '../host/index.js';
import { claimOn, giveBackClaims } from './claims.js';
import { type Doing, doSteps, type ToDo } from './do-steps.js';
import { awaitHostDrivers } from './give-back.js';
import { type HostAccess, inventoryOf } from './host-access.js';
import type { OpenVm } from './open-vm.js';
import { ownerOf } from './owner.js';
import { claimsOf } from './settle-claims.js';
import { settleAsTheyAre } from './transaction.js';

/** Devices that leave a VM, and what goes with that. */
export interface Leaving extends ToDo {
  /** Those of the host among them. */
  readonly hosts: readonly HostDevice[];
}

/**
 * Takes devices out of a VM: all of them or none. When one of them stays, those that went are put back. Then sees that the host has its own
 * again, each interface with the driver that it had.
 *
 * @returns warnings of what the host has not got back
 * @throws QplugError `removal-pending`, … with everything undone
 */
export async function takeOut(
  vm: OpenVm,
  { steps, hosts, kind, recover }: Leaving,
  host: HostAccess,
  { signal, onProgress, file }: Doing,
): Promise<Finding[]> {
  const owner = ownerOf(vm);
  const ids = new Set(steps.flatMap((step) => (step.do === 'remove' ? [step.target] : [])));
  const now = { state: 'detaching', worker: selfIdentity(), since: new Date().toISOString() } as const;
  const claims = claimsOf(owner, host).filter(({ device }) => ids.has(device));
  host.claims.change(claims, (claim) => ({ ...claim, ...now }));
  const leaving = claims.map((claim) => ({ ...claim, ...now }));
  try {
    await doSteps(vm, { steps, kind, recover }, host, { signal, onProgress, file });
    const inventory = inventoryOf(host);
    const unclaimed = hosts.filter((device) => claimOn(device, inventory, leaving) === undefined);
    return [...(await giveBackClaims(leaving, host)), ...(await awaitHostDrivers(unclaimed, host))];
  } catch (error) {
    throw addFindings(error, await settleAsTheyAre(vm.qmp, leaving, host));
  }
}
