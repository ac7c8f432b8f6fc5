import { setTimeout as delay } from 'node:timers/promises';

/** Limits of a wait. */
export interface UntilOptions {
  /** ms; default five minutes: on a slow machine Node takes ten seconds only to start in the lab. */
  timeout?: number;
  /** ms between attempts; 25 when left out. */
  interval?: number;
  signal?: AbortSignal;
}

/** An answer that ends a wait. */
export type Found<T> = Exclude<T, false | undefined | null | 0 | ''>;

/**
 * Asks again and again until the answer is truthy.
 *
 * @param what - what is awaited, for the message
 * @param ask - one attempt; what it throws ends the wait
 * @returns the answer
 * @throws Error `WHAT: not within N ms`; the signal's reason
 */
export async function until<T>(what: string, ask: () => T | Promise<T>, options: UntilOptions = {}): Promise<Found<T>> {
  const { timeout = 300_000, interval = 25, signal } = options;
  const end = performance.now() + timeout;
  for (;;) {
    signal?.throwIfAborted();
    const answer = await ask();
    if (answer) return answer as Found<T>;
    if (performance.now() > end) throw new Error(`${what}: not within ${timeout} ms`);
    await delay(interval);
  }
}
