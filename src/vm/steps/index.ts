/**
 * What can be done to a VM, one step at a time, as plain data: each kind with how it is performed, undone, and done again after a kill.
 * In goes a step and an open monitor. Which steps are done, and in which order, is decided elsewhere.
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
