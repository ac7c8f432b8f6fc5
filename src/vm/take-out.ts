import { selfIdentity } from '../base/index.js';
import type { Finding } from '../diag/index.js';
import type { HostDevice } from '../host/index.js';
import type { JournalHead } from '../registry/index.js';
import { addFindings } from './add-findings.js';
import { Applied } from './apply.js';
import { claimOn, giveBackClaims } from './claims.js';
import { awaitHostDrivers } from './give-back.js';
import { withGrants } from './grants.js';
import { type HostAccess, inventoryOf } from './host-access.js';
import type { OpenVm } from './open-vm.js';
import type { BothOperation } from './operation.js';
import { ownerOf } from './owner.js';
import { claimsOf } from './settle-claims.js';
import type { ChangeStep } from './step.js';
import { isTakenByHost } from './taken-by-host.js';
import { REMOVAL_TIMEOUT, settleAsTheyAre, tellStep } from './transaction.js';

/** Devices that leave a VM, and what goes with that. */
export interface Leaving extends Pick<JournalHead, 'kind' | 'recover'> {
  readonly steps: readonly ChangeStep[];
  /** Those of the host among them. */
  readonly hosts: readonly HostDevice[];
}

type Doing = Pick<BothOperation, 'signal' | 'onProgress' | 'file'>;

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
    const unclaimed = hosts.filter((device) => claimOn(device, inventoryOf(host), leaving) === undefined);
    return [...(await giveBackClaims(leaving, host)), ...(await awaitHostDrivers(unclaimed, host))];
  } catch (error) {
    throw addFindings(error, await settleAsTheyAre(vm.qmp, leaving, host));
  }
}

/** Does steps that claim nothing: written down before, undone when one of them fails. */
export async function doSteps(
  vm: OpenVm,
  { steps: planned, kind, recover }: Omit<Leaving, 'hosts'>,
  host: HostAccess,
  { signal, onProgress, file }: Doing,
): Promise<void> {
  const owner = ownerOf(vm);
  const { vm: name, socket } = owner;
  const steps = withGrants(planned, owner, host);
  const all = file === undefined ? steps : [...steps, file.step];
  const entry = host.journal.begin({ format: 1, kind, vm: name, socket, steps: all, recover });
  const applied = new Applied(vm.qmp, entry, {
    signal,
    removalTimeout: REMOVAL_TIMEOUT,
    file: file?.held,
    snapshots: host.snapshots,
    nodes: host.nodes,
    onStep: (event) => tellStep(event, onProgress),
    tell: onProgress,
    isTaken: (step) => isTakenByHost(step, host),
    explain: async (error) => error,
  });
  try {
    await applied.apply(all);
    entry.commit();
  } finally {
    entry.end();
  }
}
