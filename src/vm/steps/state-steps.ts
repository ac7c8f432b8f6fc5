import { fail } from '../../diag/index.js';
import type { QmpConnection } from '../../qmp/index.js';
import type { SnapshotStore } from '../../registry/index.js';
import { type DiskSnapshot, markHalfLoaded, readDisks, unmarkHalfLoaded } from '../observe/index.js';
import { clearState, doWithState, endJob, stateOnDisks, wholeState } from './saved-state.js';
import type { ChangeStep } from './step.js';

/** ms for QEMU to save, load or delete a state. No command cancels that, so this limit is only for a QEMU that hangs. */
const STATE_TIMEOUT = 30 * 60_000;

type Save = Extract<ChangeStep, { do: 'save-state' }>;
type Load = Extract<ChangeStep, { do: 'load-state' }>;
type Delete = Extract<ChangeStep, { do: 'delete-state' }>;

interface StateContext {
  readonly qmp: QmpConnection;
  readonly signal: AbortSignal;
  readonly snapshots?: SnapshotStore | undefined;
}

/** A signal that ignores the caller's: QEMU continues in any case. */
const ownSignal = (): AbortSignal => AbortSignal.timeout(STATE_TIMEOUT);

/** Saves a state and its record. A failure leaves nothing on the disks. */
export async function saveState(step: Save, context: StateContext): Promise<void> {
  const { qmp, signal } = context;
  try {
    await doWithState(qmp, 'save', step, signal);
    await keep(step, context, await wholeState(qmp, step, signal));
  } catch (error) {
    // after an abort the caller undoes the step: QEMU is still busy
    if (!signal.aborted) await unsaveState(step, context);
    throw error;
  }
}

/** Deletes a state that may have been saved completely, partly or not at all. */
export async function unsaveState(step: Save, { qmp, snapshots }: StateContext): Promise<void> {
  const signal = ownSignal();
  await endJob(qmp, signal);
  const found = stateOnDisks(step.tag, await readDisks(qmp, signal));
  if (found === undefined) return;
  await clearState(qmp, step, signal);
  if (found.state !== undefined) snapshots?.remove(found.state);
}

/** Waits while QEMU is busy. @returns whether QEMU has saved the state on all disks */
export async function isSaved(step: Save, { qmp }: StateContext): Promise<boolean> {
  const signal = ownSignal();
  await endJob(qmp, signal);
  return (await wholeState(qmp, step, signal)) !== undefined;
}

/** Writes the record of a state after the qplug that saved it was killed. */
export async function keepState(step: Save, context: StateContext): Promise<void> {
  const signal = ownSignal();
  await endJob(context.qmp, signal);
  const state = await wholeState(context.qmp, step, signal);
  if (state === undefined) await saveState(step, context);
  else await keep(step, context, state);
}

async function keep(step: Save, { snapshots }: StateContext, state: DiskSnapshot | undefined): Promise<void> {
  if (state === undefined) {
    throw fail('snapshot-failed', { action: 'save', tag: step.tag, desc: 'it is not on all disks', lastLines: [] });
  }
  snapshots?.write(state, step.record);
}

/** Loads a state. Any interruption leaves the guest marked: it must not run. */
export async function loadState(step: Load, qmp: QmpConnection): Promise<void> {
  const signal = ownSignal();
  await markHalfLoaded(qmp, signal);
  await doWithState(qmp, 'load', step, signal);
  await unmarkHalfLoaded(qmp, signal);
}

/** Deletes a state from all disks that have it, and its record. */
export async function deleteState(step: Delete, { qmp, snapshots }: StateContext): Promise<void> {
  const signal = ownSignal();
  await endJob(qmp, signal);
  const found = stateOnDisks(step.tag, await readDisks(qmp, signal));
  await clearState(qmp, step, signal);
  if (found?.state !== undefined) snapshots?.remove(found.state);
}
