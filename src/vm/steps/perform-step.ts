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

/** ms that an undo may take in all; it goes on when the caller has given up. */
export const UNDO_TIMEOUT = 15_000;

/** ms for each removal of an undo: a USB device goes at once, a PCI controller when its guest lets go, or never. */
const UNDO_REMOVAL = 5000;

export interface StepContext {
  readonly qmp: QmpConnection;
  readonly signal: AbortSignal;
  /** Gives nodes to QEMU's user; undefined: it needs none. */
  readonly nodes: NodeRights | undefined;
  /** The VM's file, where whoever works on it has it in hand, with its change prepared. */
  readonly file?: HeldVmFile | undefined;
  /** Where what belongs to a saved state is kept. */
  readonly snapshots?: SnapshotStore | undefined;
  /** The finding that a device of the host does not come back into the VM: it is gone, or the host has taken it into use. */
  stays(step: AddStep | RemoveStep): Promise<Finding | undefined>;
}

type Doing = StepContext & {
  readonly removalTimeout: number;
  /** Told how a step goes that takes long, in words for people. */
  readonly tell?: ((what: string) => void) | undefined;
};

/** How a kind of step is done and undone. */
interface StepKind<S> {
  perform(step: S, context: Doing): Promise<void>;
  /** Also of a step of which it is not known whether it was done. */
  undo(step: S, context: StepContext): Promise<void>;
  /** Does what may have been done in part, or whole, by somebody who died on the way. */
  redo(step: S, context: Doing): Promise<void>;
}

type Kinds = { readonly [K in ChangeStep['do']]: StepKind<Extract<ChangeStep, { do: K }>> };

/** `stop` and `cont` of a VM that stands, or runs, already are accepted by QEMU and change nothing (system/cpus.c, vm_stop). */
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
      if (restore === undefined) throw new Error('nobody knows how it was made');
      const finding = await stays(step);
      if (finding !== undefined) throw new QplugError([finding]);
      // its removal may have been given up half-way: its id is free only when it is gone
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
    // nothing brings back what was before
    undo: async () => undefined,
    redo: async (step, { qmp, signal }) => {
      // somebody has let it go on since: what its guest did then is not thrown away
      if ((await qmp.execute('query-status', undefined, { signal })).running) return;
      await loadState(step, qmp);
    },
  },
  'delete-state': {
    perform: deleteState,
    undo: async () => {
      throw new Error('what was deleted is gone');
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
 * Whether a transaction in which this step was begun can only be finished: a state that is saved is not thrown away, and one that was
 * begun to be loaded leaves nothing to go back to.
 */
export async function isPointOfNoReturn(step: ChangeStep, context: StepContext): Promise<boolean> {
  if (step.do === 'load-state') return true;
  return step.do === 'save-state' && (await isSaved(step, context));
}

/** Whether QEMU takes as long for this step as there is memory to write, and answers nothing meanwhile. */
export function isLong(step: ChangeStep): boolean {
  return step.do === 'save-state' || step.do === 'load-state' || step.do === 'delete-state';
}

/** Does a step. @param context - `removalTimeout` ms that the removal of one device may take */
export async function performStep(step: ChangeStep, context: Doing): Promise<void> {
  await kindOf(step).perform(step, context);
}

/**
 * Whether this is a migration that has gone through: its guest does not come back, and nothing is undone any more. One that is on its way
 * is ended first.
 */
export async function guestHasLeft(step: ChangeStep, qmp: QmpConnection): Promise<boolean> {
  return step.do === 'migrate' && (await endMigration(qmp, step));
}

/**
 * Undoes a step, whether it was done whole, in part or not at all.
 *
 * @throws QplugError `stays-with-host`, `device-gone`: a device of the host that does not come back
 */
export async function undoStep(step: ChangeStep, context: StepContext): Promise<void> {
  await kindOf(step).undo(step, context);
}

/** Does a step, whether it was done already, in part or not at all. */
export async function redoStep(step: ChangeStep, context: Doing): Promise<void> {
  await kindOf(step).redo(step, context);
}
