import { type HeldVmFile, performFileChange, undoFileChange } from '../../config/index.js';
import { type Finding, QplugError } from '../../diag/index.js';
import { type NodeRights, whileGranted } from '../../host/index.js';
import type { QmpConnection } from '../../qmp/index.js';
import type { SnapshotStore } from '../../registry/index.js';
import { addDevice } from './add-device.js';
import { endMigration, hasLeft, sendGuest } from './outgoing-migration.js';
import { removeDevice } from './remove-device.js';
import { deleteState, isSaved, keepState, loadState, saveState, unsaveState } from './state-steps.js';
import type { AddStep, ChangeStep, RemoveStep } from './step.js';

/** ms for a whole undo; it continues after the caller's signal has aborted. */
export const UNDO_TIMEOUT = 15_000;

/** ms for each removal of an undo: QEMU removes a USB device at once, a PCI controller only when its guest releases it, or never. */
const UNDO_REMOVAL = 5000;

export interface StepContext {
  readonly qmp: QmpConnection;
  readonly signal: AbortSignal;
  /** Grants device nodes to QEMU's user; undefined: QEMU's user needs no grants. */
  readonly nodes: NodeRights | undefined;
  /** The VM's file, open and with its change prepared, if the caller changes it. */
  readonly file?: HeldVmFile | undefined;
  /** The records of saved states. */
  readonly snapshots?: SnapshotStore | undefined;
  /** @returns the finding why a host device does not come back into the VM: it is gone, or the host uses it; undefined: it may come back */
  stays(step: AddStep | RemoveStep): Promise<Finding | undefined>;
}

type PerformContext = StepContext & {
  readonly removalTimeout: number;
  /** Receives progress lines of a long step. */
  readonly tell?: ((what: string) => void) | undefined;
};

/** How to perform, undo and repeat one kind of step. */
interface StepKind<S> {
  perform(step: S, context: PerformContext): Promise<void>;
  /** Works too if it is unknown whether the step was performed. */
  undo(step: S, context: StepContext): Promise<void>;
  /** Completes a step that a killed qplug may have performed partly or completely. */
  redo(step: S, context: PerformContext): Promise<void>;
}

type Kinds = { readonly [K in ChangeStep['do']]: StepKind<Extract<ChangeStep, { do: K }>> };

/** QEMU accepts `stop` for a paused VM and `cont` for a running one, and changes nothing (system/cpus.c, vm_stop). */
const pausing = (
  perform: 'stop' | 'cont',
  undo: 'stop' | 'cont',
): StepKind<Extract<ChangeStep, { label: string }>> => ({
  perform: async (_, { qmp, signal }) => {
    await qmp.execute(perform, undefined, { signal });
  },
  undo: async (_, { qmp, signal }) => {
    await qmp.execute(undo, undefined, { signal });
  },
  redo: async (_, { qmp, signal }) => {
    await qmp.execute(perform, undefined, { signal });
  },
});

/** Every kind of change to a running VM, and to its file. */
const KINDS: Kinds = {
  pause: pausing('stop', 'cont'),
  continue: pausing('cont', 'stop'),
  add: {
    perform: ({ device, grant }, { qmp, signal, nodes }) =>
      whileGranted(grant, nodes, () => addDevice(qmp, device, signal)),
    undo: async ({ device: { id } }, { qmp, signal }) => {
      await removeDevice(qmp, { target: id, qomPath: pathOf(id) }, { signal, timeout: UNDO_REMOVAL });
    },
    redo: async (step, { qmp, signal, nodes, stays, removalTimeout: timeout }) => {
      const { device, grant } = step;
      const finding = await stays(step);
      if (finding !== undefined) throw new QplugError([finding]);
      await removeDevice(qmp, { target: device.id, qomPath: pathOf(device.id) }, { signal, timeout });
      await whileGranted(grant, nodes, () => addDevice(qmp, device, signal));
    },
  },
  remove: {
    perform: async (step, { qmp, signal, removalTimeout: timeout }) => {
      await removeDevice(qmp, step, { signal, timeout });
    },
    undo: async (step, { qmp, signal, nodes, stays }) => {
      if (step.stale === true) return;
      const { restore, grant } = step;
      if (restore === undefined) throw new Error('qplug does not know how it was created');
      const finding = await stays(step);
      if (finding !== undefined) throw new QplugError([finding]);
      // its removal may have been interrupted: its id is free only when it is gone
      await removeDevice(qmp, step, { signal, timeout: UNDO_REMOVAL });
      await whileGranted(grant, nodes, () => addDevice(qmp, restore, signal));
    },
    redo: async (step, { qmp, signal, removalTimeout: timeout }) => {
      await removeDevice(qmp, step, { signal, timeout });
    },
  },
  migrate: {
    perform: (step, { qmp, signal, tell }) => sendGuest(qmp, step, { signal, tell }),
    undo: async (step, { qmp }) => {
      if (await endMigration(qmp, step)) throw new Error('the guest has left');
    },
    redo: async (step, { qmp, signal }) => {
      if (!(await hasLeft(qmp, signal))) await sendGuest(qmp, step, { signal });
    },
  },
  write: {
    perform: async ({ change }, { file, signal }) =>
      file === undefined ? performFileChange(change, signal) : file.commit(),
    undo: async ({ change }, { file, signal }) => (file === undefined ? undoFileChange(change, signal) : file.undo()),
    redo: ({ change }, { signal }) => performFileChange(change, signal),
  },
  'save-state': {
    perform: saveState,
    undo: unsaveState,
    redo: keepState,
  },
  'load-state': {
    perform: (step, { qmp }) => loadState(step, qmp),
    // the former state is lost
    undo: async () => undefined,
    redo: async (step, { qmp, signal }) => {
      // the guest was resumed since: do not discard its work
      if ((await qmp.execute('query-status', undefined, { signal })).running) return;
      await loadState(step, qmp);
    },
  },
  'delete-state': {
    perform: deleteState,
    undo: async () => {
      throw new Error('a deleted state can not be restored');
    },
    redo: deleteState,
  },
};

function pathOf(id: string): string {
  return `/machine/peripheral/${id}`;
}

function kindOf<S extends ChangeStep>(step: S): StepKind<S> {
  return KINDS[step.do] as unknown as StepKind<S>;
}

/**
 * Whether a transaction that began this step can only be finished: qplug does not discard a saved state, and a state that QEMU began to
 * load has replaced the former one.
 */
export async function isPointOfNoReturn(step: ChangeStep, context: StepContext): Promise<boolean> {
  if (step.do === 'load-state') return true;
  return step.do === 'save-state' && (await isSaved(step, context));
}

/** Whether QEMU needs time in proportion to its memory for this step, and answers no command in the meantime. */
export function isLong(step: ChangeStep): boolean {
  return step.do === 'save-state' || step.do === 'load-state' || step.do === 'delete-state';
}

/** Performs a step. @param context - `removalTimeout`: ms for the removal of one device */
export async function performStep(step: ChangeStep, context: PerformContext): Promise<void> {
  await kindOf(step).perform(step, context);
}

/**
 * Cancels a migration that is still active.
 *
 * @returns whether this step is a migration that succeeded: its guest does not come back, and nothing can be undone
 */
export async function guestHasLeft(step: ChangeStep, qmp: QmpConnection): Promise<boolean> {
  return step.do === 'migrate' && (await endMigration(qmp, step));
}

/**
 * Undoes a step that was performed completely, partly or not at all.
 *
 * @throws QplugError `stays-with-host`, `device-gone`: a host device that does not come back
 */
export async function undoStep(step: ChangeStep, context: StepContext): Promise<void> {
  await kindOf(step).undo(step, context);
}

/** Performs a step that was already performed completely, partly or not at all. */
export async function redoStep(step: ChangeStep, context: PerformContext): Promise<void> {
  await kindOf(step).redo(step, context);
}
