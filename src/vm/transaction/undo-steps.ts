import { type Finding, QplugError } from '../../diag/index.js';
import { QmpClosedError, QmpProtocolError, QmpTimeoutError } from '../../qmp/index.js';
import type { JournalEntry } from '../../registry/index.js';
import { type ChangeStep, isLong, type StepContext, type StepEvent, UNDO_TIMEOUT, undoStep } from '../steps/index.js';

/** A step of a journal entry, and its place there. */
export interface PlacedStep<S = ChangeStep> {
  readonly step: S;
  readonly index: number;
}

export interface UndoOptions {
  readonly entry: JournalEntry;
  readonly context: Omit<StepContext, 'signal'>;
  /** Half of another state is in the guest: it must not go on from that. */
  readonly spoiled?: boolean;
  readonly onStep?: ((event: StepEvent) => void) | undefined;
}

/** What an undo could not set back. */
export interface Undone {
  /** Devices that do not come back into the VM, each with the reason. */
  readonly kept: readonly Finding[];
  /** Steps whose undo failed. */
  readonly left: readonly PlacedStep[];
  /** The error of the first of them. */
  readonly error?: unknown;
  /** The connection ended on the way: the VM has nothing any more. */
  readonly isGone: boolean;
  /** QEMU gave no answer, or none that could be used. It need not be asked any more now. */
  readonly isUnanswered: boolean;
}

/**
 * Undoes steps, the newest first: the same for a transaction that fails and for one that somebody else left behind. It takes up to
 * `UNDO_TIMEOUT` ms, whatever the caller's signal says, and begins anew after a step that takes long.
 *
 * @param steps - those that were begun, in the order in which they were done
 */
export async function undoSteps(
  steps: readonly PlacedStep[],
  { entry, context, spoiled = false, onStep }: UndoOptions,
): Promise<Undone> {
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

/** Whether a device of the host was not put back into its VM, for a reason that is told. */
function isNotBack(error: unknown): error is QplugError {
  return error instanceof QplugError && (error.code === 'stays-with-host' || error.code === 'device-gone');
}

/** An undo goes on with a disk that is full: who finds the journal undoes it once more, which does no harm. */
function markIfPossible(entry: JournalEntry, index: number, is: 'undoing' | 'undone'): void {
  try {
    entry.mark(index, is);
  } catch (error) {
    if (!(error instanceof QplugError)) throw error;
  }
}

/** Whether QEMU is there and gave no answer that can be used: nobody knows what it did. */
export function isUnusable(error: unknown): boolean {
  if (error instanceof QmpClosedError) return error.reason.reason === 'protocol';
  return error instanceof QmpTimeoutError || error instanceof QmpProtocolError;
}
