import { setTimeout as delay } from 'node:timers/promises';
import { poll } from '../../base/index.js';
import { type Finding, QplugError } from '../../diag/index.js';

/** ms between two checks whether the loop has gone round. */
const INTERVAL = 50;

/** A loop that is to go round. */
export interface Watched {
  /** How often it went round. */
  readonly looks: number;
  /** Asks it to go round once more. */
  hint(): void;
}

/**
 * Tells the service manager that a loop goes round: three times within the time that the manager allows, each time after a round that the
 * loop has made since. If it makes none, the manager hears nothing, and starts the program again.
 */
export class Watchdog implements AsyncDisposable {
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;

  /**
   * @param timeout - ms that the manager waits
   * @param beat - tells the manager; may fail, and is tried again next time
   * @param onFindings - gets why it failed, once until it succeeds again
   */
  constructor(
    watched: Watched,
    timeout: number,
    beat: (signal: AbortSignal) => Promise<void>,
    onFindings: (findings: readonly Finding[]) => void,
  ) {
    this.#ended = this.#watch(watched, timeout / 3, beat, onFindings);
  }

  async #watch(
    watched: Watched,
    pause: number,
    beat: (signal: AbortSignal) => Promise<void>,
    onFindings: (findings: readonly Finding[]) => void,
  ): Promise<void> {
    const { signal } = this.#stop;
    let hasFailed = false;
    try {
      for (;;) {
        const { looks } = watched;
        watched.hint();
        // the manager is the deadline
        await poll(() => watched.looks > looks, { interval: INTERVAL, signal });
        try {
          await beat(signal);
          hasFailed = false;
        } catch (error) {
          if (!(error instanceof QplugError)) throw error;
          if (!hasFailed) onFindings(error.findings);
          hasFailed = true;
        }
        await delay(pause, undefined, { signal });
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#ended;
  }
}
