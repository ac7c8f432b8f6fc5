import { addFindings, type Finding, fail, QplugError } from '../diag/index.js';
import { QmpClosedError, QmpCommandError } from '../qmp/index.js';
import { Applied } from './apply.js';
import { lastLinesOf } from './attach.js';
import { claimsFor, takeClaims } from './claims.js';
import { explainFailure } from './explain-failure.js';
import { withGrants } from './grants.js';
import { type HostAccess, inventoryOf } from './host-access.js';
import type { HostInVm } from './make-equal.js';
import { notBack } from './not-back.js';
import type { OpenVm } from './open-vm.js';
import type { Operation } from './operation.js';
import { ownerOf } from './owner.js';
import { claimsOf } from './settle-claims.js';
import type { AddStep, ChangeStep } from './step.js';
import { takenByHost } from './taken-by-host.js';
import { REMOVAL_TIMEOUT, settleAsTheyAre, tellStep } from './transaction.js';

/** ms for each device that comes back, and for the guest to go on: whatever the caller's signal says. */
const BACK_TIMEOUT = 30_000;

/** A change of a VM's state, and of all that has to be out of it meanwhile. */
export interface StateChange {
  /** For the journal: `snapshot`, `restore`. */
  readonly kind: string;
  /** Devices of the host that are out for that time, and stay claimed. */
  readonly hosts: readonly HostInVm[];
  /** All of these are done, or none. */
  readonly before: readonly ChangeStep[];
  /** Asked when they are done: throws when it must not go on. */
  check?(signal: AbortSignal): Promise<void>;
  /** The state is saved or loaded: what is done by then stays. */
  readonly state: Extract<ChangeStep, { do: 'save-state' | 'load-state' }>;
  /** Done then, one by one; what can't be had is told. */
  readonly after: readonly ChangeStep[];
}

/**
 * Saves or loads the state of a VM: written down before, undone up to the point where nothing can be undone, and finished from there on.
 *
 * @returns warnings: devices that did not come back
 * @throws QplugError with everything undone; `snapshot-half-loaded` with the guest standing still
 */
export async function changeState(
  vm: OpenVm,
  { kind, hosts, check, state, ...planned }: StateChange,
  host: HostAccess,
  { signal, onProgress }: Operation,
): Promise<Finding[]> {
  const owner = ownerOf(vm);
  const wanted = hosts.map(({ removal: { target: id, label }, host: device }) => ({ id, label, host: device }));
  // before it claims what QEMU says it has
  const [before, after] = [withGrants(planned.before, owner, host), withGrants(planned.after, owner, host)];
  const steps = [...before, state, ...after];
  const findings = await takeClaims(claimsFor(wanted, owner, inventoryOf(host)), host);
  const ids = new Set(wanted.map(({ id }) => id));
  const settle = async (): Promise<Finding[]> => {
    const claims = ids.size === 0 ? [] : claimsOf(owner, host).filter(({ device }) => ids.has(device));
    return settleAsTheyAre(vm.qmp, claims, host);
  };
  const entry = host.journal.begin({ format: 1, kind, ...owner, steps, recover: 'undo' });
  const applied = new Applied(vm.qmp, entry, {
    signal,
    snapshots: host.snapshots,
    nodes: host.nodes,
    removalTimeout: REMOVAL_TIMEOUT,
    onStep: (event) => tellStep(event, onProgress),
    taken: (step) => takenByHost(step, owner.vm, host),
    explain: async (error, step) => {
      if (step.do === 'load-state') return halfLoaded(error, vm, step.tag);
      return explainFailure(error, step, wanted, inventoryOf(host), await lastLinesOf(vm));
    },
  });
  try {
    await applied.apply(before);
    try {
      await check?.(signal);
    } catch (error) {
      throw await applied.undo(error);
    }
    await applied.apply([state]);
    applied.keep();
    findings.push(...(await bringBack(applied, after, vm, host)));
    entry.commit();
    findings.push(...(await settle()));
    return findings;
  } catch (error) {
    if (applied.isUnanswered) throw error;
    throw addFindings(error, await settle());
  } finally {
    applied.finish();
  }
}

/**
 * What comes after: each step is tried, whatever became of those before, so that a guest does not stand still for one of them.
 *
 * @throws the error of a step that is no device of the host, when all were tried · QmpClosedError at once
 */
async function bringBack(
  applied: Applied,
  steps: readonly ChangeStep[],
  vm: OpenVm,
  host: HostAccess,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  const failed: unknown[] = [];
  for (const step of steps) {
    const stays = step.do === 'add' && step.optional === true ? await takenByHost(step, vm.name, host) : undefined;
    if (stays !== undefined) {
      findings.push({ ...stays, severity: 'warning' });
      applied.skip();
      continue;
    }
    try {
      await applied.apply([step], AbortSignal.timeout(BACK_TIMEOUT));
    } catch (error) {
      if (error instanceof QmpClosedError) throw error;
      if (step.do === 'add' && step.optional === true) findings.push(notBack(step, vm.name, error));
      else failed.push(error);
    } finally {
      applied.keep();
    }
  }
  const [first] = failed;
  if (first !== undefined) throw addFindings(first, findings);
  return findings;
}

/** @returns QEMU's words, followed by what has become of the guest */
async function halfLoaded(error: unknown, vm: OpenVm, tag: string): Promise<unknown> {
  if (!(error instanceof QplugError) || error instanceof QmpClosedError || error instanceof QmpCommandError)
    return error;
  const [first] = error.findings;
  const lastLines = await lastLinesOf(vm);
  const told = first.code === 'snapshot-failed' ? fail(first.code, { ...first.evidence, lastLines }) : error;
  return addFindings(told, fail('snapshot-half-loaded', { vm: vm.name, tag }).findings);
}

/** @returns the step that plugs a device of the host in again. The rest goes on where it can't be had. */
export function comeBack(
  { removal: { restore, label }, host }: HostInVm,
  { bus, port }: { readonly bus: string; readonly port: string },
): AddStep[] {
  if (restore === undefined) return [];
  const device = { ...restore, properties: { ...restore.properties, bus, port } };
  return [{ do: 'add', device, label, hostPort: host.port, optional: true }];
}
