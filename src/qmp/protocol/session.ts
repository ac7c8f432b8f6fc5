import { type Finding, finding } from '../../diag/index.js';
import type { Mismatch } from './check.js';
import { excerpt, type FrameFault } from './framing.js';
import {
  type ErrorReply,
  type Greeting,
  type JsonObject,
  type ParsedLine,
  type QmpEvent,
  readMessage,
} from './message.js';

/** The data of SHUTDOWN: `cause` is its `reason` (`guest-shutdown`, `host-qmp-quit`, `host-signal`, … qapi/run-state.json). */
export interface Shutdown {
  readonly cause: string;
  readonly guest: boolean;
}

/** How the stream ended. */
export type End =
  | { readonly end: 'by-us' }
  | { readonly end: 'eof' }
  | { readonly end: 'error'; readonly error: Error }
  | { readonly end: 'fault'; readonly fault: FrameFault };

/** The answer to a command. `wrong`: it is an error whose description does not have the right type. */
export type ReplyOutcome = { readonly value: unknown } | { readonly error: ErrorReply } | { readonly wrong: Mismatch };

/** What the owner of a session has to do, in order. */
export type Effect =
  | { readonly effect: 'send'; readonly message: JsonObject }
  | { readonly effect: 'ready'; readonly greeting: Greeting; readonly oob: boolean }
  /** The other end does not speak QMP. */
  | { readonly effect: 'not-qmp'; readonly received: string }
  | { readonly effect: 'capabilities-refused'; readonly error: ErrorReply }
  | { readonly effect: 'reply'; readonly id: number; readonly outcome: ReplyOutcome }
  | { readonly effect: 'event'; readonly event: QmpEvent }
  | { readonly effect: 'report'; readonly finding: Finding }
  /** The session is over: no more commands, no more answers. `running`: whether the handshake was complete before. */
  | {
      readonly effect: 'closed';
      readonly end: End;
      readonly shutdown: Shutdown | undefined;
      readonly running: boolean;
    };

/** A command to send: its answer will have this `id`. */
export interface Issued {
  readonly id: number;
  readonly message: JsonObject;
}

/**
 * The capability that a share of qplug offers (src/qmp/share). A client that enables it gets its answer to the negotiation when no other such
 * client is connected: QEMU's own socket serves one client at a time, and qplug relies on that.
 */
export const TURN = 'qplug-turn';

const NEGOTIATION = { execute: 'qmp_capabilities' } as const;

/**
 * A QMP session: each method takes what happened and returns what the owner has to do about it. It knows no bytes, no promises and no
 * time. The cost of a call does not depend on how many commands there were, or are in flight.
 *
 *     greeting ── greeting ──▶ negotiating ── answer ──▶ running ── end ──▶ closed
 *        └──────── not QMP ─────────┴── refused, end ─────────────────────────▲
 */
export class Session {
  readonly #wants: readonly string[];
  #phase: 'greeting' | 'negotiating' | 'running' | 'closed' = 'greeting';
  #greeting: Greeting | undefined;
  #oob = false;
  #waitsForTurn = false;
  #nextId = 1;
  /**
   * The ids of commands that were sent and not answered, in the order of sending. A command that nobody waits for any more stays here
   * until its answer comes, so that the answer does not count as unknown.
   */
  readonly #inBand = new Set<number>();
  readonly #outOfBand = new Set<number>();
  /** The last SHUTDOWN event, unless the VM has come back since. */
  #shutdown: Shutdown | undefined;

  /**
   * @param wantsOob - ask for out-of-band execution where the server offers it
   * @param wantsTurn - wait for a turn where the server is a share
   */
  constructor(wantsOob: boolean, wantsTurn = false) {
    this.#wants = [...(wantsOob ? ['oob'] : []), ...(wantsTurn ? [TURN] : [])];
  }

  get phase(): 'greeting' | 'negotiating' | 'running' | 'closed' {
    return this.#phase;
  }

  /** Whether a share has greeted, and another client has its turn now. */
  get waitsForTurn(): boolean {
    return this.#phase === 'negotiating' && this.#waitsForTurn;
  }

  /** How many commands were sent and not answered. */
  get inFlight(): number {
    return this.#inBand.size + this.#outOfBand.size;
  }

  /** A line came, or a fault in its place. */
  received(parsed: ParsedLine): readonly Effect[] {
    if (this.#phase === 'closed') return [];
    if ('fault' in parsed) return this.#faulted(parsed.fault);
    const incoming = readMessage(parsed.message);
    switch (incoming.kind) {
      case 'event':
        return this.#happened(incoming.event);
      case 'return':
        if (this.#phase === 'greeting') return this.#notQmp(parsed.received);
        return this.#answered(incoming.id, { value: incoming.value });
      case 'error':
        if (this.#phase === 'greeting') return this.#notQmp(parsed.received);
        return this.#answered(incoming.id, 'wrong' in incoming ? { wrong: incoming.wrong } : { error: incoming.error });
      case 'greeting':
        if (this.#phase === 'greeting') return this.#greeted(incoming.greeting);
        return reported(parsed.received);
      case 'unknown':
        if (this.#phase === 'greeting') return this.#notQmp(parsed.received);
        return reported(parsed.received);
    }
  }

  /**
   * Makes a command to send. If it can't be sent, `withdraw` it. Only while running.
   *
   * @param args - the command's arguments; undefined for none
   * @param oob - ask QEMU to run it out of band, past the commands in its queue
   */
  issue(command: string, args: object | undefined, oob: boolean): Issued {
    const id = this.#nextId++;
    (oob ? this.#outOfBand : this.#inBand).add(id);
    const message = {
      [oob ? 'exec-oob' : 'execute']: command,
      ...(args === undefined ? {} : { arguments: args }),
      id,
    };
    return { id, message };
  }

  /** The command that was issued last is not sent after all. */
  withdraw(id: number): void {
    if (this.#settle(id)) this.#nextId = id;
  }

  /** The stream is over, or is being closed. */
  end(end: End): readonly Effect[] {
    if (this.#phase === 'closed') return [];
    const running = this.#phase === 'running';
    this.#phase = 'closed';
    return [{ effect: 'closed', end, shutdown: this.#shutdown, running }];
  }

  #faulted(fault: FrameFault): readonly Effect[] {
    if (this.#phase !== 'greeting') return this.end({ end: 'fault', fault });
    return this.#notQmp('received' in fault ? fault.received : '');
  }

  #notQmp(text: string): readonly Effect[] {
    this.#phase = 'closed';
    return [{ effect: 'not-qmp', received: text }];
  }

  #greeted(greeting: Greeting): readonly Effect[] {
    this.#phase = 'negotiating';
    this.#greeting = greeting;
    const enable = this.#wants.filter((one) => greeting.capabilities.includes(one));
    this.#oob = enable.includes('oob');
    this.#waitsForTurn = enable.includes(TURN);
    const message = enable.length > 0 ? { ...NEGOTIATION, arguments: { enable }, id: 0 } : { ...NEGOTIATION, id: 0 };
    return [{ effect: 'send', message }];
  }

  #happened(event: QmpEvent): readonly Effect[] {
    if (this.#phase === 'running') this.#shutdown = shutdownAfter(this.#shutdown, event);
    return [{ effect: 'event', event }];
  }

  #answered(id: unknown, outcome: ReplyOutcome): readonly Effect[] {
    const greeting = this.#greeting;
    if (this.#phase === 'negotiating' && greeting !== undefined && (id === 0 || id === undefined)) {
      return this.#negotiated(greeting, outcome);
    }
    if (this.#phase !== 'running') return unknownReply(id);
    const known = id === undefined && !('value' in outcome) ? this.#oldestInBand() : id;
    if (typeof known !== 'number' || !this.#settle(known)) return unknownReply(id);
    return [{ effect: 'reply', id: known, outcome }];
  }

  #settle(id: number): boolean {
    return this.#inBand.delete(id) || this.#outOfBand.delete(id);
  }

  /**
   * An error without an id is QEMU's answer to text that it could not parse. In-band answers come in the order of the
   * commands (docs/interop/qmp-spec, "Out-of-band execution"), so it belongs to the first command that has no answer yet.
   */
  #oldestInBand(): number | undefined {
    const [oldest] = this.#inBand;
    return oldest;
  }

  #negotiated(greeting: Greeting, outcome: ReplyOutcome): readonly Effect[] {
    if ('value' in outcome) {
      this.#phase = 'running';
      return [{ effect: 'ready', greeting, oob: this.#oob }];
    }
    this.#phase = 'closed';
    const error = 'error' in outcome ? outcome.error : { class: 'GenericError', desc: 'it gave no reason' };
    return [{ effect: 'capabilities-refused', error }];
  }
}

/** With `-no-shutdown` QEMU stays after SHUTDOWN, and a reset or `cont` brings the VM back. */
function shutdownAfter(before: Shutdown | undefined, { event, data }: QmpEvent): Shutdown | undefined {
  if (event === 'RESET' || event === 'RESUME') return undefined;
  if (event !== 'SHUTDOWN') return before;
  return { cause: typeof data['reason'] === 'string' ? data['reason'] : 'unknown', guest: data['guest'] === true };
}

function unknownReply(id: unknown): readonly Effect[] {
  return [{ effect: 'report', finding: finding('qmp-unknown-reply', { id: nameOf(id) }, { severity: 'warning' }) }];
}

function reported(text: string): readonly Effect[] {
  return [{ effect: 'report', finding: finding('qmp-unknown-message', { received: text }, { severity: 'warning' }) }];
}

function nameOf(id: unknown): string {
  if (id === undefined) return 'none';
  return typeof id === 'string' || typeof id === 'number' ? excerpt(String(id)) : typeof id;
}
