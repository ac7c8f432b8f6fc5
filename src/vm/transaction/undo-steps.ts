import { type Finding, QplugError } from '../../diag/index.js';
import { QmpClosedError, QmpProtocolError, QmpTimeoutError } from '../../qmp/index.js';
import type { JournalEntry } from '../../registry/index.js';
import { type ChangeStep, isLong, type StepContext, type StepEvent, UNDO_TIMEOUT, undoStep } from '../steps/index.js';

/** A step of a journal entry, and its index there. */
export interface PlacedStep<S = ChangeStep> {
  readonly step: S;
  readonly index: number;
}

export interface UndoOptions {
  readonly entry: JournalEntry;
  readonly context: Omit<StepContext, 'signal'>;
  /** The guest's state is only partly loaded: it must not run. */
  readonly spoiled?: boolean;
  readonly onStep?: ((event: StepEvent) => void) | undefined;
}

/** The result of an undo. */
export interface UndoResult {
  /** The reason for each device that does not come back into the VM. */
  readonly kept: readonly Finding[];
  /** Steps whose undo failed. */
  readonly left: readonly PlacedStep[];
  /** The error of the first of them. */
  readonly error?: unknown;
  /** The connection ended during the undo: the VM is gone. */
  readonly isGone: boolean;
  /** QEMU gave no answer, or no usable one; there is no point in asking again now. */
  readonly isUnanswered: boolean;
}

/**
 * Undoes steps, the newest first, both for a failed transaction and for that of a killed qplug. It takes up to `UNDO_TIMEOUT` ms,
 * regardless of the caller's signal; the time restarts after a long step.
 *
 * @param steps - the steps that have begun, in order
 */
export async function undoSteps(
  steps: readonly PlacedStep[],
  { entry, context, spoiled = false, onStep }: UndoOptions,
): Promise<UndoResult> {
  const kept: Finding[] = [];
  const left: PlacedStep[] = [];
  const errors: unknown[] = [];
  let [isUnanswered, isGone] = [false, false];
  let signal = AbortSignal.timeout(UNDO_TIMEOUT);
  for (const placed of steps.toReversed()) {
    const { step, index } = placed;
    if (spoiled && step.do === 'pause') continue;
    onStep?.({ event: 'undoing', step });
    try {
      markIfPossible(entry, index, 'undoing');
      await undoStep(step, { ...context, signal });
      if (isLong(step)) signal = AbortSignal.timeout(UNDO_TIMEOUT);
      markIfPossible(entry, index, 'undone');
      onStep?.({ event: 'undone', step });
    } catch (error) {
      if (error instanceof QmpClosedError && !isUnusable(error)) {
        errors.push(error);
        isGone = true;
        break;
      }
      if (isNotBack(error)) {
        kept.push(...error.findings);
        markIfPossible(entry, index, 'undone');
        continue;
      }
      isUnanswered ||= signal.aborted || isUnusable(error);
      onStep?.({ event: 'not-undone', step });
      left.push(placed);
      errors.push(error);
    }
  }
  return { kept, left, error: errors[0], isGone, isUnanswered };
}

/** Whether the error says why a host device does not come back into its VM. */
function isNotBack(error: unknown): error is QplugError {
  return error instanceof QplugError && (error.code === 'stays-with-host' || error.code === 'device-gone');
}

/** Lets the undo continue on a full disk. A later qplug that finds the journal entry repeats the undo, which does no harm. */
function markIfPossible(entry: JournalEntry, index: number, is: 'undoing' | 'undone'): void {
  try {
    entry.mark(index, is);
  } catch (error) {
    if (!(error instanceof QplugError)) throw error;
  }
}

/** Whether QEMU exists but gave no usable answer: it is unknown what it did. */
export function isUnusable(error: unknown): boolean {
  if (error instanceof QmpClosedError) return error.reason.reason === 'protocol';
  return error instanceof QmpTimeoutError || error instanceof QmpProtocolError;
}
