import type { Plan } from '../planner/index.js';
import type { QmpConnection } from '../qmp/index.js';
import { addFindings } from './add-findings.js';
import { Applied } from './apply.js';
import { explainFailure } from './explain-failure.js';
import { restoreDrivers } from './give-back.js';
import { type HostAccess, inventoryOf } from './host-access.js';
import type { Operation } from './operation.js';
import { readTopology } from './read-back.js';
import type { Step, StepEvent } from './step.js';
import { throwErrors } from './throw-errors.js';
import { differences, goneSince } from './verify.js';
import type { Wanted } from './wanted.js';

/** ms that the removal of one USB device may take; QEMU does it within the command, and tells within 120 ms. */
export const REMOVAL_TIMEOUT = 10_000;

export interface Planned {
  readonly plan: Pick<Plan, 'placements' | 'hubs'>;
  readonly steps: readonly Step[];
  readonly wanted: readonly Wanted[];
}

export interface Transaction extends Operation {
  /** QEMU's last words, where they can be read. */
  lastLines(): Promise<readonly string[]>;
}

/**
 * Makes a plan true in a running VM, reads back what QEMU did, and undoes everything when it is not what was planned, or a
 * step fails, or the caller gives up. Afterwards the host has its drivers back on whatever is not in the VM.
 *
 * @throws QplugError with everything undone
 */
export async function carryOut(
  qmp: QmpConnection,
  { plan, steps, wanted }: Planned,
  host: HostAccess,
  transaction: Transaction,
): Promise<void> {
  const { signal, onProgress } = transaction;
  const applied = new Applied(qmp, {
    signal,
    removalTimeout: REMOVAL_TIMEOUT,
    onStep: (event) => tellStep(event, onProgress),
    explain: async (error, step) =>
      explainFailure(error, step, wanted, inventoryOf(host), await transaction.lastLines()),
  });
  try {
    await applied.apply(steps);
    const actual = await readTopology(qmp, signal);
    throwErrors([...goneSince(wanted, inventoryOf(host)), ...differences(plan, actual)]);
  } catch (error) {
    const cause = await applied.undo(error);
    const touched = wanted.flatMap((one) => (one.host === undefined ? [] : [one.host]));
    throw addFindings(cause, await restoreDrivers(touched, host));
  }
}

/** Tells a step in words as it begins; its end goes without saying, unless it did not end well. */
export function tellStep({ event, step }: StepEvent, onProgress: Operation['onProgress']): void {
  const what = step.do === 'add' ? `plug ${step.label} into ${place(step)}` : `unplug ${step.label}`;
  if (event === 'doing') onProgress?.(what);
  if (event === 'undoing') onProgress?.(`undo: ${what}`);
  if (event === 'not-undone') onProgress?.(`NOT undone: ${what}`);
}

function place(step: Extract<Step, { do: 'add' }>): string {
  const { bus, port } = step.device.properties;
  return `${bus ?? 'the machine'}${port === undefined ? '' : ` port ${port}`}`;
}
