import { BoundedQueue } from './event-queue.js';

/**
 * Events to read with `for await`. The stream collects events from the moment it is made. A reader that is too slow loses the oldest,
 * and `dropped` says how many. The stream ends when the connection does, after the reader has read what it collected.
 */
export interface EventStream<E> extends AsyncIterableIterator<E>, Disposable {
  /** How many events were lost because nobody read them in time. */
  readonly dropped: number;
  next(): Promise<IteratorResult<E, undefined>>;
  return(): Promise<IteratorResult<E, undefined>>;
  [Symbol.asyncIterator](): EventStream<E>;
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };

/** The stream with its feeding end. */
export class FedEventStream<E> implements EventStream<E> {
  readonly #queue: BoundedQueue<E>;
  readonly #onDrop: (dropped: number) => void;
  readonly #onDispose: () => void;
  /** Readers that came before their event. Only filled while the queue is empty. */
  readonly #readers: ((result: IteratorResult<E, undefined>) => void)[] = [];
  #ended = false;

  /**
   * @param limit - most events held
   * @param hooks - `onDrop` gets the number of events lost so far, at each loss; `onDispose` stops the feeding, at each disposal
   */
  constructor(limit: number, hooks: { onDrop: (dropped: number) => void; onDispose: () => void }) {
    this.#queue = new BoundedQueue(limit);
    this.#onDrop = hooks.onDrop;
    this.#onDispose = hooks.onDispose;
  }

  get dropped(): number {
    return this.#queue.dropped;
  }

  feed(event: E): void {
    if (this.#ended) return;
    const reader = this.#readers.shift();
    if (reader !== undefined) reader({ done: false, value: event });
    else if (!this.#queue.push(event)) this.#onDrop(this.#queue.dropped);
  }

  /** No more will come; what is held can still be read. */
  end(): void {
    this.#ended = true;
    for (const reader of this.#readers.splice(0)) reader(DONE);
  }

  next(): Promise<IteratorResult<E, undefined>> {
    const event = this.#queue.shift();
    if (event !== undefined) return Promise.resolve({ done: false, value: event });
    if (this.#ended) return Promise.resolve(DONE);
    return new Promise((resolve) => this.#readers.push(resolve));
  }

  return(): Promise<IteratorResult<E, undefined>> {
    this[Symbol.dispose]();
    return Promise.resolve(DONE);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  [Symbol.dispose](): void {
    this.#queue.clear();
    this.end();
    this.#onDispose();
  }
}
