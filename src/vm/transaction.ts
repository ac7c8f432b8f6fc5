import { addFindings, type Finding, throwErrors } from '../diag/index.js';
import type { Plan } from '../planner/index.js';
import { QmpClosedError, type QmpConnection } from '../qmp/index.js';
import { type Claim, type ClaimKey, type ClaimOwner, sameKey } from '../registry/index.js';

import { Applied, isUnanswered } from './apply.js';
import { claimsFor, giveBackClaims, takeClaims } from './claims.js';

import { explainFailure } from './explain-failure.js';
import { withGrants } from './grants.js';
import { type HostAccess, inventoryOf } from './host-access.js';
import type { BothOperation, Operation } from './operation.js';
import { UNDO_TIMEOUT } from './perform-step.js';
import { readTopology } from './read-back.js';
import { claimsOf, settleClaims } from './settle-claims.js';
import type { ChangeStep, StepEvent } from './step.js';
import { differences, goneSince } from './verify.js';
import type { Wanted } from './wanted.js';

/** ms that the removal of one USB device may take; QEMU does it within the command, and tells within 120 ms. */
export const REMOVAL_TIMEOUT = 10_000;

export interface Planned {
  readonly plan: Pick<Plan, 'placements' | 'hubs'>;
  readonly steps: readonly ChangeStep[];
  readonly wanted: readonly Wanted[];
  /** Claims on devices that are gone, whose objects the steps remove. */
  readonly freed?: readonly Claim[] | undefined;
}

export interface Transaction extends BothOperation {
  /** What it is, for the journal: `attach`. */
  readonly kind: string;
  /** The VM as the owner of what it gets. */
  readonly owner: ClaimOwner;
  /** QEMU's last words, where they can be read. */
  lastLines(): Promise<readonly string[]>;
}

/**
 * Makes a plan true in a running VM: claims its devices, writes down the steps, does them, reads back what QEMU did, and undoes
 * everything when it is not what was planned, or a step fails, or the caller gives up. Its file is written last. Afterwards whatever is not in the VM is the
 * host's again, with its drivers.
 *
 * @returns what was mended on the way
 * @throws QplugError with everything undone
 */
export async function carryOut(
  qmp: QmpConnection,
  { plan, steps: planned, wanted, freed = [] }: Planned,
  host: HostAccess,
  transaction: Transaction,
): Promise<Finding[]> {
  const { signal, onProgress, kind, owner, file } = transaction;
  const claims = claimsFor(wanted, owner, inventoryOf(host));
  const taken = (key: ClaimKey): boolean => claims.some((one) => sameKey(one.key, key));
  const findings = await takeClaims(claims, host);
  const writes = file === undefined ? [] : [file.step];
  const steps = withGrants(planned, owner, host);
  const all = [...steps, ...writes];
  const entry = host.journal.begin({ format: 1, kind, ...owner, steps: all, recover: 'undo' });
  const applied = new Applied(qmp, entry, {
    signal,
    file: file?.held,
    nodes: host.nodes,
    removalTimeout: REMOVAL_TIMEOUT,
    onStep: (event) => tellStep(event, onProgress),
    explain: async (error, step) =>
      explainFailure(error, step, wanted, inventoryOf(host), await transaction.lastLines()),
  });
  try {
    await applied.apply(steps);
    const actual = await readTopology(qmp, signal);
    throwErrors([...goneSince(wanted, inventoryOf(host)), ...differences(plan, actual)]);
    await applied.apply(writes);
    entry.commit();
    const there = claimsOf(owner, host);
    const others = there.filter(({ key }) => freed.some((one) => sameKey(one.key, key)) && !taken(key));
    findings.push(...(await giveBackClaims(others, host)));
    findings.push(...(await settleClaims(ours(claims, owner, host), actual, host)));
    return findings;
  } catch (error) {
    const cause = await applied.undo(error);
    if (applied.isUnanswered) throw cause;
    throw addFindings(cause, await settleAsTheyAre(qmp, ours([...claims, ...freed], owner, host), host));
  } finally {
    applied.finish();
  }
}

/** @returns the claims as they are in the database now */
function ours(claims: readonly Claim[], owner: ClaimOwner, host: HostAccess): Claim[] {
  const ids = new Set(claims.map(({ device }) => device));
  return claims.length === 0 ? [] : claimsOf(owner, host).filter(({ device }) => ids.has(device));
}

/** Settles claims by what a VM has now, whatever became of the operation. */
export async function settleAsTheyAre(
  qmp: QmpConnection,
  claims: readonly Claim[],
  host: HostAccess,
): Promise<Finding[]> {
  if (claims.length === 0) return [];
  try {
    return await settleClaims(claims, await readTopology(qmp, AbortSignal.timeout(UNDO_TIMEOUT)), host);
  } catch (error) {
    // a VM that is gone has nothing; one that does not answer is asked by the next command
    const gone = error instanceof QmpClosedError && !isUnanswered(error);
    return gone ? settleClaims(claims, undefined, host) : [];
  }
}

/** Tells a step in words as it begins; its end goes without saying, unless it did not end well. */
export function tellStep({ event, step }: StepEvent, onProgress: Operation['onProgress']): void {
  const what = wordsOf(step);
  if (event === 'doing') onProgress?.(what);
  if (event === 'undoing') onProgress?.(`undo: ${what}`);
  if (event === 'not-undone') onProgress?.(`NOT undone: ${what}`);
}

function wordsOf(step: ChangeStep): string {
  switch (step.do) {
    case 'add':
      return `plug ${step.label} into ${place(step)}`;
    case 'remove':
      return `unplug ${step.label}`;
    case 'pause':
    case 'continue':
    case 'save-state':
    case 'load-state':
    case 'delete-state':
    case 'migrate':
      return step.label;
    case 'write':
      return `write ${step.label}`;
  }
}

function place(step: Extract<ChangeStep, { do: 'add' }>): string {
  const { bus, port } = step.device.properties;
  return `${bus ?? 'the machine'}${port === undefined ? '' : ` port ${port}`}`;
}
