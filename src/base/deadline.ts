import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

/** The longest delay of a timer, in ms; a longer one would fire at once. Only its signal ends a longer wait. */
const MAX_TIMER_DELAY = 2 ** 31 - 1;

/** The end of a wait: a time on the monotonic clock, and a signal that aborts then or when the caller's signal does. */
export class Deadline implements Disposable {
  /**
   * Aborts with a `DeadlineReached` at the deadline, or with the caller's reason if the caller's signal aborts earlier. It also aborts when
   * this is disposed of, so that work under a deadline ends with it.
   */
  readonly signal: AbortSignal;
  /** The whole wait in ms, for messages. */
  readonly timeout: number;
  readonly #end: number;
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #release: () => void;

  /**
   * @param timeout - ms from now; Infinity: only the caller's signal ends it
   * @param outer - the caller's signal, if there is one
   */
  constructor(timeout: number, outer?: AbortSignal) {
    const controller = new AbortController();
    this.signal = controller.signal;
    // dozens of commands under one deadline are not a leak, but Node.js would warn of one
    setMaxListeners(0, this.signal);
    this.timeout = timeout;
    this.#end = performance.now() + timeout;
    if (timeout <= MAX_TIMER_DELAY) {
      this.#timer = setTimeout(() => controller.abort(new DeadlineReached(timeout)), timeout);
    }
    const follow = (): void => controller.abort(outer?.reason);
    if (outer?.aborted) follow();
    else outer?.addEventListener('abort', follow, { once: true });
    this.#release = () => {
      clearTimeout(this.#timer);
      outer?.removeEventListener('abort', follow);
      controller.abort(new DOMException('the wait is over', 'AbortError'));
    };
  }

  /** Remaining ms; 0 once the signal has aborted: a timer of Node.js may fire up to 1 ms before the clock gets there. */
  get remaining(): number {
    return this.signal.aborted ? 0 : Math.max(0, this.#end - performance.now());
  }

  /** True if the time is up (rather than the caller's signal aborted). */
  get reached(): boolean {
    return this.signal.reason instanceof DeadlineReached;
  }

  [Symbol.dispose](): void {
    this.#release();
  }
}

/** The abort reason of a `Deadline` whose time is up. Callers turn it into an error that names the awaited event. */
export class DeadlineReached extends Error {
  override readonly name = 'DeadlineReached';
  readonly timeout: number;
  constructor(timeout: number) {
    super(`not within ${timeout} ms`);
    this.timeout = timeout;
  }
}

/**
 * Asks repeatedly until the answer is neither undefined nor false.
 *
 * @param ask - one attempt
 * @param options - `interval` ms between attempts; `signal` ends the wait by throwing its reason
 */
export async function poll<T>(
  ask: () => Promise<T | undefined> | T | undefined,
  options: { interval: number; signal: AbortSignal },
): Promise<Exclude<T, false>> {
  for (;;) {
    options.signal.throwIfAborted();
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer as Exclude<T, false>;
    await delay(options.interval, undefined, { signal: options.signal }).catch(() => options.signal.throwIfAborted());
  }
}
