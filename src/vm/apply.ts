import type { HeldVmFile } from '../config/index.js';
import { addFindings, type Finding, finding, QplugError } from '../diag/index.js';
import type { NodeRights } from '../host/index.js';
import {
  QmpClosedError,
  QmpCommandError,
  type QmpConnection,
  QmpProtocolError,
  QmpTimeoutError,
} from '../qmp/index.js';
import type { JournalEntry, SnapshotStore } from '../registry/index.js';
import { guestHasLeft, isLong, performStep, UNDO_TIMEOUT, undoStep } from './perform-step.js';
import type { ChangeStep, RemoveStep, StepEvent } from './step.js';

export interface ApplyOptions {
  readonly signal: AbortSignal;
  /** ms that the removal of one device may take. */
  readonly removalTimeout: number;
  /** The VM's file, where a step writes it. */
  readonly file?: HeldVmFile | undefined;
  /** Where what belongs to a saved state is kept. */
  readonly snapshots?: SnapshotStore | undefined;
  /** The finding that the host uses by now what was taken out: that stays out. */
  readonly taken?: ((step: RemoveStep) => Promise<Finding | undefined>) | undefined;
  /** Gives nodes to QEMU's user; undefined: it needs none. */
  readonly nodes: NodeRights | undefined;
  readonly onStep?: ((event: StepEvent) => void) | undefined;
  /** Told how a step goes that takes long. */
  readonly tell?: ((what: string) => void) | undefined;
  /** Puts into words why a step failed. */
  explain(error: unknown, step: ChangeStep): Promise<unknown>;
}

/**
 * Steps that were done and can be undone, newest last. `apply` fills it; `undo` empties it. The caller keeps it until it
 * has seen that QEMU did what it said. The journal knows of each step before it is done.
 */
export class Applied {
  readonly #qmp: QmpConnection;
  readonly #entry: JournalEntry;
  readonly #options: ApplyOptions;
  readonly #done: { readonly step: ChangeStep; readonly index: number }[] = [];
  #next = 0;
  #spoiled = false;
  #unanswered = false;

  /** @param entry - whose steps are those that are applied, in the same order */
  constructor(qmp: QmpConnection, entry: JournalEntry, options: ApplyOptions) {
    this.#qmp = qmp;
    this.#entry = entry;
    this.#options = options;
  }

  /**
   * Does the next steps of the entry in order. The signal is looked at between them. When one fails, all that were done are undone, newest
   * first, and its error is thrown.
   *
   * @param signal - other than that of the options
   * @throws QplugError of the step, or the signal's reason; what could not be undone is told with it
   */
  async apply(steps: readonly ChangeStep[], signal: AbortSignal = this.#options.signal): Promise<void> {
    const { removalTimeout, onStep, file, snapshots, nodes, tell } = this.#options;
    for (const step of steps) {
      const index = this.#next++;
      let begun = false;
      try {
        onStep?.({ event: 'doing', step });
        signal.throwIfAborted();
        this.#entry.mark(index, 'doing');
        begun = true;
        await performStep(step, { qmp: this.#qmp, signal, removalTimeout, file, snapshots, nodes, tell });
      } catch (error) {
        // a command that QEMU refused has loaded nothing
        if (begun && step.do === 'load-state' && !(error instanceof QmpCommandError)) this.#spoiled = true;
        // a command given up may still be carried out by QEMU, and one with a wrong answer may have been; one that was refused
        // not; of a removal that was never begun nothing must be put back
        const unsure = signal.aborted || isUnanswered(error);
        if (begun && unsure && !(error instanceof QmpCommandError)) this.#done.push({ step, index });
        throw await this.undo(await this.#options.explain(error, step));
      }
      this.#done.push({ step, index });
      await this.#told(index);
      onStep?.({ event: 'done', step });
    }
  }

  /** Whether QEMU gave no answer, or none that could be used, to what was to be undone. It need not be asked any more then. */
  get isUnanswered(): boolean {
    return this.#unanswered;
  }

  /**
   * Ends the entry. Where QEMU gave no answer, or none that could be used, to what was to be undone, the entry is left instead: the next
   * command tries again.
   */
  finish(): void {
    if (this.#unanswered) this.#entry.leave();
    else this.#entry.end();
  }

  /** The next step of the entry is not done. */
  skip(): void {
    this.#next++;
  }

  /** All that was done so far stays, whatever becomes of the rest. */
  keep(): void {
    this.#done.splice(0);
  }

  /** What can't be written down is undone. */
  async #told(index: number): Promise<void> {
    try {
      this.#entry.mark(index, 'done');
    } catch (error) {
      throw await this.undo(error);
    }
  }

  /**
   * Undoes all that was done, newest first, whatever the caller's signal says.
   *
   * @param cause - why
   * @returns the error to throw: the cause, followed by a finding that names what could not be undone. When the VM is gone
   *   there is nothing to undo; when a step has happened after which nothing is undone, that is told instead.
   */
  async undo(cause: unknown): Promise<unknown> {
    const left: ChangeStep[] = [];
    const { file, snapshots, nodes, taken } = this.#options;
    const kept: Finding[] = [];
    let signal = AbortSignal.timeout(UNDO_TIMEOUT);
    const final = await this.#final();
    if (final !== undefined) {
      this.#done.length = 0;
      return addFindings(cause, [finding('migration-went-through', { migration: final.label })]);
    }
    for (const { step, index } of this.#done.splice(0).reverse()) {
      // half of another state is in it: a guest must not go on from that
      if (this.#spoiled && step.do === 'pause') continue;
      try {
        this.#options.onStep?.({ event: 'undoing', step });
        this.#tellIfPossible(index, 'undoing');
        await undoStep(step, { qmp: this.#qmp, signal, file, snapshots, nodes, taken });
        if (isLong(step)) signal = AbortSignal.timeout(UNDO_TIMEOUT);
        this.#tellIfPossible(index, 'undone');
        this.#options.onStep?.({ event: 'undone', step });
      } catch (error) {
        if (error instanceof QmpClosedError && !isUnanswered(error)) break;
        if (error instanceof QplugError && error.code === 'stays-with-host') {
          kept.push(...error.findings);
          continue;
        }
        if (signal.aborted || isUnanswered(error)) this.#unanswered = true;
        this.#options.onStep?.({ event: 'not-undone', step });
        left.push(step);
      }
    }
    const more: Finding[] =
      left.length === 0
        ? []
        : [
            finding('not-undone', {
              devices: left.map(({ label }) => label),
              ...(this.#unanswered ? { later: true } : {}),
            }),
          ];
    return addFindings(cause, [...kept, ...more]);
  }

  /** @returns a step that has happened for good */
  async #final(): Promise<ChangeStep | undefined> {
    for (const { step } of this.#done) {
      try {
        if (await guestHasLeft(step, this.#qmp)) return step;
      } catch {
        // what it was asked in vain the undo asks again, and tells
      }
    }
    return undefined;
  }

  /** An undo goes on with a disk that is full: who finds the journal undoes it once more, which does no harm. */
  #tellIfPossible(index: number, is: 'undoing' | 'undone'): void {
    try {
      this.#entry.mark(index, is);
    } catch (error) {
      if (!(error instanceof QplugError)) throw error;
    }
  }
}

/** Whether QEMU is there and gave no answer that can be used: nobody knows what it did. */
export function isUnanswered(error: unknown): boolean {
  if (error instanceof QmpClosedError) return error.reason.reason === 'protocol';
  return error instanceof QmpTimeoutError || error instanceof QmpProtocolError;
}
