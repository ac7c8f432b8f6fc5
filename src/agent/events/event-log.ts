import type { AgentEvent } from './agent-event.js';

/** An event with its place in the log. */
export type LoggedEvent = AgentEvent & {
  /** Counts from 1 since the agent started. */
  readonly seq: number;
  /** ISO 8601. */
  readonly time: string;
};

/** Some events between the ones before and the ones after are missing: a reader reads the state again and continues with `next`. */
export interface Resync {
  readonly event: 'resync';
  readonly next: number;
}

/** Events that the log keeps for readers that come later. */
const KEPT = 10_000;

/**
 * The latest events, in order. Each reader has its own place in the log: a slow reader loses events and learns of it, and never holds up the
 * agent or other readers.
 */
export class EventLog {
  readonly #kept: LoggedEvent[] = [];
  #next = 1;
  readonly #readers = new Set<() => void>();

  /** The number of the next event. */
  get next(): number {
    return this.#next;
  }

  append(events: readonly AgentEvent[], time: string): void {
    for (const event of events) this.#kept.push({ ...event, seq: this.#next++, time });
    if (this.#kept.length > KEPT) this.#kept.splice(0, this.#kept.length - KEPT);
    if (events.length > 0) for (const wake of [...this.#readers]) wake();
  }

  /**
   * Reads events as they come, until the signal aborts.
   *
   * @param since - the number of the first event to read. An older one than the log keeps gives a `resync` first; so does one that is still to
   *   come, because the reader has it from an agent that ran before
   */
  async *read(since: number, signal: AbortSignal): AsyncGenerator<LoggedEvent | Resync, void, undefined> {
    let at = Math.max(since, 1);
    while (!signal.aborted) {
      const oldest = this.#next - this.#kept.length;
      if (at < oldest || at > this.#next) {
        at = at < oldest ? oldest : this.#next;
        yield { event: 'resync', next: at };
        continue;
      }
      const event = this.#kept[at - oldest];
      if (event === undefined) await this.#change(signal);
      else {
        at++;
        yield event;
      }
    }
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#readers.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.#readers.add(wake);
      signal.addEventListener('abort', wake, { once: true });
    });
  }
}
