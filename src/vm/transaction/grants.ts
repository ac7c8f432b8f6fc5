import { claimedDevice, claimsOf, type HostAccess, inventoryOf } from '../../access/index.js';
import { rightsOfProcess } from '../../base/index.js';
import type { NodeGrant } from '../../host/index.js';
import { type DeviceSpec, usbHostNode } from '../../qdev/index.js';
import type { ClaimOwner, JournalEntry } from '../../registry/index.js';
import type { Removal, Step } from '../steps/index.js';

/**
 * Adds a grant to each step that makes QEMU open a host device, or may do so in its undo: the permissions on the node that QEMU's user
 * lacks. The journal contains the grant with the step, so that a later qplug knows the node's former permissions.
 *
 * @param owner - the VM; its process shows the user that opens files
 */
export function withGrants<S extends Step>(steps: readonly S[], owner: ClaimOwner, host: HostAccess): S[] {
  const { process } = owner;
  const { nodes } = host;
  const uid = nodes && process && rightsOfProcess(process)?.uids[3];
  if (nodes === undefined || process === undefined || uid === undefined || uid === 0) return [...steps];
  return steps.map((step) => {
    if (step.do !== 'add' && step.do !== 'remove') return step;
    // QEMU could claim to have any device: only a claim of the VM proves it
    const isNew = step.do === 'add' && step.optional !== true;
    const spec = !isNew && !isClaimed(step, owner, host) ? undefined : step.do === 'add' ? step.device : step.restore;
    const grant = spec && grantFor(spec, owner, host);
    return grant === undefined ? step : { ...step, grant };
  });
}

/** @returns the permissions that the user of a VM's QEMU lacks to open a device's node; undefined: none, or the user is unknown */
export function grantFor(spec: DeviceSpec, { process }: ClaimOwner, { nodes }: HostAccess): NodeGrant | undefined {
  const uid = process && rightsOfProcess(process)?.uids[3];
  const node = usbHostNode(spec);
  if (process === undefined || uid === undefined || uid === 0 || node === undefined) return undefined;
  return nodes?.grantFor(node, uid, process);
}

function isClaimed({ hostPort }: Pick<Removal, 'hostPort'>, owner: ClaimOwner, host: HostAccess): boolean {
  const inventory = inventoryOf(host);
  return claimsOf(owner, host).some((claim) => claimedDevice(claim, inventory)?.port === hostPort);
}

/** Revokes the grants of all steps, whether they were used or not. */
export function takeBackGrants(entry: Pick<JournalEntry, 'head' | 'grants'>, { nodes }: HostAccess): void {
  for (const step of entry.head.steps as readonly Step[]) {
    if ((step.do === 'add' || step.do === 'remove') && step.grant !== undefined) nodes?.takeBack(step.grant);
  }
  for (const grant of entry.grants) nodes?.takeBack(grant as NodeGrant);
}
