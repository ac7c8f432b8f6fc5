/**
 * The steps that change a VM, as plain data: how to perform, undo and repeat each kind. Input: a step and an open monitor. src/vm/plan and
 * src/vm/operations decide which steps to take, and in which order.
 */

export { hasLeft, hasReturnPath } from './outgoing-migration.js';
export {
  guestHasLeft,
  isLong,
  isPointOfNoReturn,
  performStep,
  redoStep,
  type StepContext,
  UNDO_TIMEOUT,
  undoStep,
} from './perform-step.js';
export { type Removal, removalStep } from './removal-step.js';
export { type StateOnDisks, stateOnDisks } from './saved-state.js';
export type { AddStep, ChangeStep, MigrateStep, RemoveStep, Step, StepEvent, WriteStep } from './step.js';
export { tellStep } from './step-words.js';
