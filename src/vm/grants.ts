import { rightsOf } from '../base/index.js';
import { fail } from '../diag/index.js';
import type { NodeGrant, NodeRights } from '../host/index.js';
import { usbHostNode } from '../qdev/index.js';
import type { ClaimOwner } from '../registry/index.js';
import type { HostAccess } from './host-access.js';
import type { ChangeStep, Step } from './step.js';

/**
 * Adds to each step that has QEMU open a host device, or may have when it is undone, what QEMU's user lacks of the node. It is in the
 * journal with the step, so whoever finds that knows what the node was before.
 *
 * @param owner - the VM, whose process tells as whom it opens files
 */
export function withGrants(steps: readonly ChangeStep[], { process }: ClaimOwner, { nodes }: HostAccess): ChangeStep[] {
  const uid = nodes && process && rightsOf(process.pid)?.uids[3];
  if (nodes === undefined || uid === undefined || uid === 0) return [...steps];
  return steps.map((step) => {
    if (step.do !== 'add' && step.do !== 'remove') return step;
    const spec = step.do === 'add' ? step.device : step.restore;
    const node = spec && usbHostNode(spec);
    const grant = node === undefined ? undefined : nodes.grantFor(node, uid);
    return grant === undefined ? step : { ...step, grant };
  });
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
export function takeBackGrants(steps: readonly Step[], { nodes }: HostAccess): void {
  for (const step of steps) {
    if ((step.do === 'add' || step.do === 'remove') && step.grant !== undefined) nodes?.takeBack(step.grant);
  }
}
