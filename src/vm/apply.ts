import { type Finding, finding } from '../diag/index.js';
import { QmpClosedError, QmpCommandError, type QmpConnection, QmpTimeoutError } from '../qmp/index.js';
import { addDevice } from './add-device.js';
import { addFindings } from './add-findings.js';
import { type Removal, removeDevice } from './remove-device.js';
import type { Step, StepEvent } from './step.js';

export interface ApplyOptions {
  readonly signal: AbortSignal;
  /** ms that the removal of one device may take. */
  readonly removalTimeout: number;
  readonly onStep?: ((event: StepEvent) => void) | undefined;
  /** Puts into words why a step failed. */
  explain(error: unknown, step: Step): Promise<unknown>;
}

/** ms that an undo may take in all; it goes on when the caller has given up. */
const UNDO_TIMEOUT = 15_000;

/** ms for each removal of an undo: a USB device goes at once, a PCI controller when its guest lets go, or never. */
const UNDO_REMOVAL = 5000;

/**
 * Steps that were done and can be undone, newest last. `apply` fills it; `undo` empties it. The caller keeps it until it
 * has seen that QEMU did what it said.
 */
export class Applied {
  readonly #qmp: QmpConnection;
  readonly #options: ApplyOptions;
  readonly #done: Step[] = [];

  constructor(qmp: QmpConnection, options: ApplyOptions) {
    this.#qmp = qmp;
    this.#options = options;
  }

  /**
   * Does the steps in order. The signal is looked at between them. When one fails, all that were done are undone, newest
   * first, and its error is thrown.
   *
   * @throws QplugError of the step, or the signal's reason; what could not be undone is told with it
   */
  async apply(steps: readonly Step[]): Promise<void> {
    const { signal, onStep } = this.#options;
    for (const step of steps) {
      let begun = false;
      try {
        onStep?.({ event: 'doing', step });
        signal.throwIfAborted();
        begun = true;
        await this.#do(step);
      } catch (error) {
        // a command given up may still be carried out by QEMU, one that was refused not; of a removal that was never
        // begun nothing must be put back
        const unsure = signal.aborted || error instanceof QmpTimeoutError;
        if (begun && unsure && !(error instanceof QmpCommandError)) this.#done.push(step);
        throw await this.undo(await this.#options.explain(error, step));
      }
      this.#done.push(step);
      onStep?.({ event: 'done', step });
    }
  }

  async #do(step: Step): Promise<void> {
    const { signal, removalTimeout: timeout } = this.#options;
    if (step.do === 'add') await addDevice(this.#qmp, step.device, signal);
    else await removeDevice(this.#qmp, step, { signal, timeout });
  }

  /**
   * Undoes all that was done, newest first, whatever the caller's signal says.
   *
   * @param cause - why
   * @returns the error to throw: the cause, followed by a finding that names what could not be undone. When the VM is gone
   *   there is nothing to undo.
   */
  async undo(cause: unknown): Promise<unknown> {
    const left: Step[] = [];
    const signal = AbortSignal.timeout(UNDO_TIMEOUT);
    for (const step of this.#done.splice(0).reverse()) {
      try {
        this.#options.onStep?.({ event: 'undoing', step });
        await this.#undoOne(step, signal);
        this.#options.onStep?.({ event: 'undone', step });
      } catch (error) {
        if (error instanceof QmpClosedError) break;
        this.#options.onStep?.({ event: 'not-undone', step });
        left.push(step);
      }
    }
    const more: Finding[] =
      left.length === 0 ? [] : [finding('not-undone', { devices: left.map(({ label }) => label) })];
    return addFindings(cause, more);
  }

  async #undoOne(step: Step, signal: AbortSignal): Promise<void> {
    const remove = (removal: Removal): Promise<boolean> =>
      removeDevice(this.#qmp, removal, { signal, timeout: UNDO_REMOVAL });
    if (step.do === 'add') {
      await remove({ target: step.device.id, qomPath: `/machine/peripheral/${step.device.id}` });
      return;
    }
    if (step.stale === true) return;
    if (step.restore === undefined) throw new Error('nobody knows how it was made');
    // its removal may have been given up half-way: its id is free only when it is gone
    await remove(step);
    await addDevice(this.#qmp, step.restore, signal);
  }
}
