import { finding } from '../../diag/index.js';
import { QmpError } from '../errors.js';
import type { QmpEvents } from '../generated/replies.js';
import type { QmpEvent } from '../protocol/index.js';
import { callOut } from './call-out.js';
import { type EventStream, FedEventStream } from './event-stream.js';
import { Wait, type WaitOptions } from './wait.js';

export type QmpEventName = keyof QmpEvents;

/** An event by its name: typed where qplug knows it, else with `data` as any object. */
export type EventOf<N extends string> = N extends QmpEventName ? QmpEvent<N, QmpEvents[N]> : QmpEvent<N>;

/** A wait for an event. Disposing of it ends the wait. A wait that nobody looks at does no harm, even when it fails. */
export interface EventWait<E> extends Disposable {
  readonly promise: Promise<E>;
}

type Listener = (event: QmpEvent) => void;

/** Hands each event to those who asked for its name, then to those who asked for all events, each in the order of asking. */
export class EventHub {
  readonly #listeners = new Map<string, Set<Listener>>();
  /** The listeners for all events. */
  readonly #all = new Set<Listener>();
  readonly #onEnd = new Set<(because: Because) => void>();
  /** The waits for each event, by its name. */
  readonly #waits = new Map<string, Set<Wait<QmpEvent>>>();
  #ended: Because | undefined;

  /**
   * Calls a listener for each event of that name. An error that a listener throws becomes an uncaught exception of the process,
   * but the session and other listeners go on.
   */
  on<N extends string>(name: N, listener: (event: EventOf<N>) => void): Disposable {
    return this.#listen([name], listener as Listener);
  }

  /**
   * @param names - undefined for all events
   * @param limit - most events held for a slow reader
   * @param onDrop - called at each loss with the number of events lost so far
   */
  stream<N extends string>(
    names: readonly N[] | undefined,
    limit: number,
    onDrop: (dropped: number) => void,
  ): EventStream<EventOf<N>> {
    const stream: FedEventStream<QmpEvent> = new FedEventStream(limit, {
      onDrop,
      onDispose: () => {
        feeding[Symbol.dispose]();
        this.#onEnd.delete(onEnd);
      },
    });
    const feeding = this.#listen(names, (event) => stream.feed(event));
    const onEnd = (): void => stream.end();
    if (this.#ended === undefined) this.#onEnd.add(onEnd);
    else stream.end();
    return stream as unknown as EventStream<EventOf<N>>;
  }

  /** @param timedOut - makes the error for when time runs out */
  waitFor<N extends string>(
    name: N,
    match: (event: EventOf<N>) => boolean,
    options: WaitOptions,
    timedOut: (timeout: number) => Error,
  ): EventWait<EventOf<N>> {
    let release = (): void => {};
    const wait: Wait<QmpEvent> = new Wait(options, timedOut, () => release());
    if (this.#ended !== undefined) wait.reject(this.#ended(name));
    if (!wait.settled) {
      const listening = this.#listen([name], (event) => settleIf(wait, event, match as Match));
      const onEnd = (because: Because): void => wait.reject(because(name));
      this.#onEnd.add(onEnd);
      const waits = membersOf(this.#waits, name);
      waits.add(wait);
      release = () => {
        listening[Symbol.dispose]();
        this.#onEnd.delete(onEnd);
        waits.delete(wait);
      };
    }
    return {
      promise: wait.promise as Promise<unknown> as Promise<EventOf<N>>,
      [Symbol.dispose]: () => wait.reject(new QmpError([finding('qmp-wait-given-up', { event: name })])),
    };
  }

  dispatch(event: QmpEvent): void {
    for (const listener of [...(this.#listeners.get(event.event) ?? []), ...this.#all]) {
      callOut(() => listener(event));
    }
  }

  /** An event of this name came with wrong data: every wait for this name fails with the error. */
  fail(name: string, error: Error): void {
    for (const wait of [...(this.#waits.get(name) ?? [])]) wait.reject(error);
  }

  /** No more events will come: streams end, waits are rejected with the error made for their event. */
  end(because: Because): void {
    this.#ended = because;
    for (const onEnd of [...this.#onEnd]) onEnd(because);
  }

  #listen(names: readonly string[] | undefined, listener: Listener): Disposable {
    const sets = names === undefined ? [this.#all] : names.map((name) => membersOf(this.#listeners, name));
    // Each registration has its own wrapper, so that one function can be registered twice.
    const own: Listener = (event) => listener(event);
    for (const set of sets) set.add(own);
    return {
      [Symbol.dispose]: () => {
        for (const set of sets) set.delete(own);
      },
    };
  }
}

function membersOf<T>(sets: Map<string, Set<T>>, name: string): Set<T> {
  const known = sets.get(name);
  if (known !== undefined) return known;
  const fresh = new Set<T>();
  sets.set(name, fresh);
  return fresh;
}

type Because = (event: string) => Error;
type Match = (event: QmpEvent) => boolean;

function settleIf(wait: Wait<QmpEvent>, event: QmpEvent, match: Match): void {
  try {
    if (match(event)) wait.resolve(event);
  } catch (thrown) {
    wait.reject(thrown);
  }
}
