import { fail } from '../../diag/index.js';
import type { QmpConnection } from '../../qmp/index.js';
import type { SnapshotStore } from '../../registry/index.js';
import { type DiskSnapshot, markHalfLoaded, readDisks, unmarkHalfLoaded } from '../observe/index.js';
import { clearState, doWithState, endJob, stateOnDisks, wholeState } from './saved-state.js';
import type { ChangeStep } from './step.js';

/** ms that QEMU may take for one state: what it does within its main loop nothing calls off, so this is for one that hangs. */
const STATE_TIMEOUT = 30 * 60_000;

type Save = Extract<ChangeStep, { do: 'save-state' }>;
type Load = Extract<ChangeStep, { do: 'load-state' }>;
type Delete = Extract<ChangeStep, { do: 'delete-state' }>;

interface Context {
  readonly qmp: QmpConnection;
  readonly signal: AbortSignal;
  readonly snapshots?: SnapshotStore | undefined;
}

/** As long as it takes, whatever the caller's signal says: QEMU goes on with it anyhow. */
const patience = (): AbortSignal => AbortSignal.timeout(STATE_TIMEOUT);

/** Saves a state and keeps what belongs to it. What fails leaves nothing on the disks. */
export async function saveState(step: Save, context: Context): Promise<void> {
  const { qmp, signal } = context;
  try {
    await doWithState(qmp, 'save', step, signal);
    await keep(step, context, await wholeState(qmp, step, signal));
  } catch (error) {
    // whoever gave up undoes it: QEMU is still at it
    if (!signal.aborted) await unsaveState(step, context);
    throw error;
  }
}

/** Deletes a state that may have been saved whole, in part or not at all. */
export async function unsaveState(step: Save, { qmp, snapshots }: Context): Promise<void> {
  const signal = patience();
  await endJob(qmp, signal);
  const found = stateOnDisks(step.tag, await readDisks(qmp, signal));
  if (found === undefined) return;
  await clearState(qmp, step, signal);
  if (found.state !== undefined) snapshots?.remove(found.state);
}

/** @returns whether QEMU has saved a state on all disks; waited for where it is still at it */
export async function isSaved(step: Save, { qmp }: Context): Promise<boolean> {
  const signal = patience();
  await endJob(qmp, signal);
  return (await wholeState(qmp, step, signal)) !== undefined;
}

/** Keeps what belongs to a state that somebody saved who died then. */
export async function keepState(step: Save, context: Context): Promise<void> {
  const signal = patience();
  await endJob(context.qmp, signal);
  const state = await wholeState(context.qmp, step, signal);
  if (state === undefined) await saveState(step, context);
  else await keep(step, context, state);
}

async function keep(step: Save, { snapshots }: Context, state: DiskSnapshot | undefined): Promise<void> {
  if (state === undefined) {
    throw fail('snapshot-failed', { action: 'save', tag: step.tag, desc: 'it is not on all disks', lastLines: [] });
  }
  snapshots?.write(state, step.record);
}

/** Loads a state. Whatever ends this on the way leaves a guest that is marked: it must not go on. */
export async function loadState(step: Load, qmp: QmpConnection): Promise<void> {
  const signal = patience();
  await markHalfLoaded(qmp, signal);
  await doWithState(qmp, 'load', step, signal);
  await unmarkHalfLoaded(qmp, signal);
}

/** Deletes a state from all disks that have it, with what was kept of it. */
export async function deleteState(step: Delete, { qmp, snapshots }: Context): Promise<void> {
  const signal = patience();
  await endJob(qmp, signal);
  const found = stateOnDisks(step.tag, await readDisks(qmp, signal));
  await clearState(qmp, step, signal);
  if (found?.state !== undefined) snapshots?.remove(found.state);
}
