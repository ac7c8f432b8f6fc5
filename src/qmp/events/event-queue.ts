/** A first-in-first-out queue that never grows beyond its limit: when it is full, a new entry replaces the oldest. */
export class BoundedQueue<T> {
  readonly limit: number;
  /** A ring: `#length` entries from `#start` on. */
  readonly #ring: (T | undefined)[] = [];
  #start = 0;
  #length = 0;
  #dropped = 0;

  /** @param limit - most entries held, at least 1 */
  constructor(limit: number) {
    this.limit = Math.max(1, Math.trunc(limit));
  }

  get length(): number {
    return this.#length;
  }

  /** How many entries were lost so far. */
  get dropped(): number {
    return this.#dropped;
  }

  /** @returns false when the entry replaced the oldest one */
  push(entry: T): boolean {
    this.#ring[(this.#start + this.#length) % this.limit] = entry;
    if (this.#length < this.limit) {
      this.#length += 1;
      return true;
    }
    this.#start = (this.#start + 1) % this.limit;
    this.#dropped += 1;
    return false;
  }

  /** @returns the oldest entry, or undefined when there is none */
  shift(): T | undefined {
    if (this.#length === 0) return undefined;
    const entry = this.#ring[this.#start];
    this.#ring[this.#start] = undefined;
    this.#start = (this.#start + 1) % this.limit;
    this.#length -= 1;
    return entry;
  }

  clear(): void {
    this.#ring.length = 0;
    this.#start = 0;
    this.#length = 0;
  }
}
