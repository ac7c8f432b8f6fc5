import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

/** The longest delay of a timer, in ms; a longer one would fire at once. A wait beyond it ends by its signal alone. */
const LONGEST_DELAY = 2 ** 31 - 1;

/** The end of a wait: a moment on the monotonic clock, and a signal that fires then or when the caller gives up. */
export class Deadline implements Disposable {
  /**
   * Aborts with a `DeadlineReached` at the deadline, with the caller's reason before it, or when this is disposed of: what
   * was started under a deadline ends with it.
   */
  readonly signal: AbortSignal;
  /** The whole wait in ms, for messages. */
  readonly timeout: number;
  readonly #end: number;
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #release: () => void;

  /**
   * @param timeout - ms from now; Infinity: the caller's signal alone ends it
   * @param outer - the caller's signal, if there is one
   */
  constructor(timeout: number, outer?: AbortSignal) {
    const controller = new AbortController();
    this.signal = controller.signal;
    // dozens of commands under one deadline are no leak, and Node would warn of one
    setMaxListeners(0, this.signal);
    this.timeout = timeout;
    this.#end = performance.now() + timeout;
    if (timeout <= LONGEST_DELAY) {
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

  /** ms left; 0 when it is over. */
  get remaining(): number {
    return Math.max(0, this.#end - performance.now());
  }

  /** True when time ran out (as opposed to the caller giving up). */
  get reached(): boolean {
    return this.signal.reason instanceof DeadlineReached;
  }

  [Symbol.dispose](): void {
    this.#release();
  }
}

/** The reason a `Deadline`'s signal carries when time ran out. Callers turn it into an error that names what was awaited. */
export class DeadlineReached extends Error {
  override readonly name = 'DeadlineReached';
  readonly timeout: number;
  constructor(timeout: number) {
    super(`not within ${timeout} ms`);
    this.timeout = timeout;
  }
}

/**
 * Asks until there is an answer: neither undefined nor false.
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
