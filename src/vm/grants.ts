import { ownUid, rightsOfProcess } from '../base/index.js';
import { fail } from '../diag/index.js';
import type { NodeGrant, NodeRights } from '../host/index.js';
import { type DeviceSpec, usbHostNode } from '../qdev/index.js';
import { type ClaimKey, type ClaimOwner, type JournalEntry, sameKey } from '../registry/index.js';
import { claimedDevice } from './claims.js';
import { type HostAccess, inventoryOf } from './host-access.js';
import type { Removal } from './removal-step.js';
import { claimsOf } from './settle-claims.js';
import type { Step } from './step.js';

/**
 * Adds to each step that has QEMU open a host device, or may have when it is undone, what QEMU's user lacks of the node. It is in the
 * journal with the step, so whoever finds that knows what the node was before.
 *
 * @param owner - the VM, whose process tells as whom it opens files
 */
export function withGrants<S extends Step>(steps: readonly S[], owner: ClaimOwner, host: HostAccess): S[] {
  const { process } = owner;
  const { nodes } = host;
  const uid = nodes && process && rightsOfProcess(process)?.uids[3];
  if (nodes === undefined || process === undefined || uid === undefined || uid === 0) return [...steps];
  return steps.map((step) => {
    if (step.do !== 'add' && step.do !== 'remove') return step;
    // what is in it QEMU says itself: that it had a device is true when it has the claim
    const isNew = step.do === 'add' && step.optional !== true;
    const spec = !isNew && !isClaimed(step, owner, host) ? undefined : step.do === 'add' ? step.device : step.restore;
    const grant = spec && grantFor(spec, owner, host);
    return grant === undefined ? step : { ...step, grant };
  });
}

/** @returns what the user of a VM's QEMU lacks to open the node of a device; undefined where it may, or nobody knows as whom it runs */
export function grantFor(spec: DeviceSpec, { process }: ClaimOwner, { nodes }: HostAccess): NodeGrant | undefined {
  const uid = process && rightsOfProcess(process)?.uids[3];
  const node = usbHostNode(spec);
  if (process === undefined || uid === undefined || uid === 0 || node === undefined) return undefined;
  return nodes?.grantFor(node, uid, process);
}

/**
 * Whether a QEMU is believed that a device is its own. One that has less rights than qplug could name any, to get it: there the claim
 * tells.
 */
export function isBelieved(key: ClaimKey, owner: ClaimOwner, host: HostAccess): boolean {
  const uid = owner.process && rightsOfProcess(owner.process)?.uids[3];
  // one that can't be told may be anybody's, where we could hand over what is not theirs
  if (uid === undefined ? ownUid() !== 0 : uid === 0 || uid === ownUid()) return true;
  return claimsOf(owner, host).some((claim) => sameKey(claim.key, key));
}

function isClaimed({ hostPort }: Pick<Removal, 'hostPort'>, owner: ClaimOwner, host: HostAccess): boolean {
  const inventory = inventoryOf(host);
  return claimsOf(owner, host).some((claim) => claimedDevice(claim, inventory)?.port === hostPort);
}

/**
 * Lets QEMU's user open a node while something is done, and no longer: QEMU opens it once, and goes on with what it has open.
 *
 * @throws QplugError `node-not-granted` · what `work` throws
 */
export async function whileGranted<T>(
  grant: NodeGrant | undefined,
  nodes: NodeRights | undefined,
  work: () => Promise<T>,
): Promise<T> {
  if (grant === undefined || nodes === undefined) return await work();
  try {
    try {
      nodes.give(grant);
    } catch (error) {
      const { node, uid } = grant;
      throw fail('node-not-granted', { node, uid, reason: (error as Error).message }, { cause: error });
    }
    return await work();
  } finally {
    nodes.takeBack(grant);
  }
}

/** Takes back what steps may have given, wherever they were cut off. */
export function takeBackGrants(entry: Pick<JournalEntry, 'head' | 'grants'>, { nodes }: HostAccess): void {
  for (const step of entry.head.steps as readonly Step[]) {
    if ((step.do === 'add' || step.do === 'remove') && step.grant !== undefined) nodes?.takeBack(step.grant);
  }
  for (const grant of entry.grants) nodes?.takeBack(grant as NodeGrant);
}
