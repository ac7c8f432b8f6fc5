/** How long to wait, and a signal that cancels the wait. */
export interface WaitOptions {
  /** ms; Infinity for no limit. */
  readonly timeout?: number | undefined;
  /** Ends the wait by rejecting with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** The longest delay of a Node timer; a longer one would fire at once. */
const LONGEST_DELAY = 2 ** 31 - 1;

/**
 * A wait for one thing. Its owner, time or a signal settles it exactly once; it ignores whatever comes later. A rejection
 * that nobody looks at does not count as unhandled.
 */
export class Wait<T> {
  readonly promise: Promise<T>;
  readonly #onSettled: (gaveUp: boolean) => void;
  #resolve: (value: T) => void = () => {};
  #reject: (reason: unknown) => void = () => {};
  #settled = false;
  #timer: NodeJS.Timeout | undefined;
  #signal: AbortSignal | undefined;
  readonly #onAbort = (): void => this.#settle(true, () => this.#reject(this.#signal?.reason));

  /**
   * @param options - a signal that is aborted already settles at once
   * @param timedOut - makes the error for when time runs out
   * @param onSettled - called once; `gaveUp` when time or the signal ended it
   */
  constructor(options: WaitOptions, timedOut: (timeout: number) => Error, onSettled: (gaveUp: boolean) => void) {
    const { timeout = Infinity, signal } = options;
    this.#onSettled = onSettled;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.promise.catch(() => {});
    this.#signal = signal;
    if (signal?.aborted) {
      this.#onAbort();
      return;
    }
    signal?.addEventListener('abort', this.#onAbort);
    if (timeout <= LONGEST_DELAY) {
      this.#timer = setTimeout(() => this.#settle(true, () => this.#reject(timedOut(timeout))), timeout);
    }
  }

  get settled(): boolean {
    return this.#settled;
  }

  resolve(value: T): void {
    this.#settle(false, () => this.#resolve(value));
  }

  reject(reason: unknown): void {
    this.#settle(false, () => this.#reject(reason));
  }

  #settle(gaveUp: boolean, how: () => void): void {
    if (this.#settled) return;
    this.#settled = true;
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener('abort', this.#onAbort);
    how();
    this.#onSettled(gaveUp);
  }
}
