import { type Finding, finding } from '../diag/index.js';
import { excerpt, type FrameFault } from './framing.js';
import {
  type ErrorReply,
  type Greeting,
  type JsonObject,
  type ParsedLine,
  type QmpEvent,
  readMessage,
} from './message.js';

/**
 * A QMP session as a value: each function takes a session and something that happened, and returns the next session and
 * what is to be done about it. No bytes, no promises, no time.
 *
 *     greeting ── greeting ──▶ negotiating ── answer ──▶ running ── end ──▶ closed
 *        └──────── not QMP ─────────┴── refused, end ─────────────────────────▲
 */
export type Session =
  | { readonly phase: 'greeting'; readonly wantsOob: boolean }
  | { readonly phase: 'negotiating'; readonly greeting: Greeting; readonly oob: boolean }
  | Running
  | { readonly phase: 'closed' };

export interface Running {
  readonly phase: 'running';
  readonly oob: boolean;
  readonly nextId: number;
  /**
   * The ids of commands that were sent and not answered, in the order of sending, and whether each is out of band. A
   * command that nobody waits for any more stays until its answer came, so that the answer is known for what it is.
   */
  readonly calls: ReadonlyMap<number, { readonly oob: boolean }>;
  /** The last SHUTDOWN event, unless the VM has come back since. */
  readonly shutdown: Shutdown | undefined;
}

/** What SHUTDOWN told: `cause` is its `reason` (`guest-shutdown`, `host-qmp-quit`, `host-signal`, … qapi/run-state.json). */
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

export type Outcome = { readonly value: unknown } | { readonly error: ErrorReply };

/** What the owner of a session has to do, in order. */
export type Effect =
  | { readonly effect: 'send'; readonly message: JsonObject }
  | { readonly effect: 'ready'; readonly greeting: Greeting; readonly oob: boolean }
  /** Whoever answers there speaks no QMP. */
  | { readonly effect: 'not-qmp'; readonly received: string }
  | { readonly effect: 'capabilities-refused'; readonly error: ErrorReply }
  | { readonly effect: 'reply'; readonly id: number; readonly outcome: Outcome }
  | { readonly effect: 'event'; readonly event: QmpEvent }
  | { readonly effect: 'report'; readonly finding: Finding }
  /** Over: nothing more will be sent or answered. `running` tells whether the handshake was done before. */
  | {
      readonly effect: 'closed';
      readonly end: End;
      readonly shutdown: Shutdown | undefined;
      readonly running: boolean;
    };

export interface Step {
  readonly session: Session;
  readonly effects: readonly Effect[];
}

export interface Issued {
  readonly session: Session;
  readonly id: number;
  readonly message: JsonObject;
}

const CLOSED: Session = { phase: 'closed' };
const NEGOTIATION = { execute: 'qmp_capabilities' } as const;

/** @param wantsOob - ask for out-of-band execution where the server offers it */
export function startSession(wantsOob: boolean): Session {
  return { phase: 'greeting', wantsOob };
}

/** A line came, or what should have been one. */
export function received(session: Session, parsed: ParsedLine): Step {
  if (session.phase === 'closed') return { session, effects: [] };
  if ('fault' in parsed) return faulted(session, parsed.fault);
  const incoming = readMessage(parsed.message);
  switch (incoming.kind) {
    case 'event':
      return happened(session, incoming.event);
    case 'return':
      if (session.phase === 'greeting') return notQmp(parsed.received);
      return answered(session, incoming.id, { value: incoming.value });
    case 'error':
      if (session.phase === 'greeting') return notQmp(parsed.received);
      return answered(session, incoming.id, { error: incoming.error });
    case 'greeting':
      if (session.phase === 'greeting') return greeted(session.wantsOob, incoming.greeting);
      return reported(session, parsed.received);
    case 'unknown':
      if (session.phase === 'greeting') return notQmp(parsed.received);
      return reported(session, parsed.received);
  }
}

/**
 * A command is to be sent: `message`, whose answer will come as `id`. When it can't be sent, just keep the old session.
 *
 * @param args - the command's arguments; undefined for none
 * @param oob - ask QEMU to run it out of band, past the commands in its queue
 */
export function issued(session: Running, command: string, args: object | undefined, oob: boolean): Issued {
  const id = session.nextId;
  const calls = new Map(session.calls).set(id, { oob });
  const message = {
    [oob ? 'exec-oob' : 'execute']: command,
    ...(args === undefined ? {} : { arguments: args }),
    id,
  };
  return { session: { ...session, nextId: id + 1, calls }, id, message };
}

/** The stream is over, or is being closed. */
export function ended(session: Session, end: End): Step {
  if (session.phase === 'closed') return { session, effects: [] };
  const running = session.phase === 'running';
  const shutdown = running ? session.shutdown : undefined;
  return { session: CLOSED, effects: [{ effect: 'closed', end, shutdown, running }] };
}

function faulted(session: Session, fault: FrameFault): Step {
  if (session.phase !== 'greeting') return ended(session, { end: 'fault', fault });
  return notQmp('received' in fault ? fault.received : '');
}

function notQmp(text: string): Step {
  return { session: CLOSED, effects: [{ effect: 'not-qmp', received: text }] };
}

function greeted(wantsOob: boolean, greeting: Greeting): Step {
  const oob = wantsOob && greeting.capabilities.includes('oob');
  const message = oob ? { ...NEGOTIATION, arguments: { enable: ['oob'] }, id: 0 } : { ...NEGOTIATION, id: 0 };
  return { session: { phase: 'negotiating', greeting, oob }, effects: [{ effect: 'send', message }] };
}

function happened(session: Session, event: QmpEvent): Step {
  const effects: Effect[] = [{ effect: 'event', event }];
  if (session.phase !== 'running') return { session, effects };
  return { session: { ...session, shutdown: shutdownAfter(session.shutdown, event) }, effects };
}

/** With `-no-shutdown` QEMU stays after SHUTDOWN, and a reset or `cont` brings the VM back. */
function shutdownAfter(before: Shutdown | undefined, { event, data }: QmpEvent): Shutdown | undefined {
  if (event === 'RESET' || event === 'RESUME') return undefined;
  if (event !== 'SHUTDOWN') return before;
  return { cause: typeof data['reason'] === 'string' ? data['reason'] : 'unknown', guest: data['guest'] === true };
}

function answered(session: Session, id: unknown, outcome: Outcome): Step {
  if (session.phase === 'negotiating' && (id === 0 || id === undefined)) return negotiated(session, outcome);
  if (session.phase !== 'running') return unknownReply(session, id);
  const known = id === undefined && 'error' in outcome ? oldestInBand(session) : id;
  if (typeof known !== 'number' || !session.calls.has(known)) return unknownReply(session, id);
  const calls = new Map(session.calls);
  calls.delete(known);
  return {
    session: { ...session, calls },
    effects: [{ effect: 'reply', id: known, outcome }],
  };
}

/**
 * An error without an id is QEMU's answer to text that it could not parse. In-band answers come in the order of the
 * commands (docs/interop/qmp-spec, "Out-of-band execution"), so it belongs to the first that has none yet.
 */
function oldestInBand(session: Running): number | undefined {
  for (const [id, call] of session.calls) if (!call.oob) return id;
  return undefined;
}

function negotiated({ greeting, oob }: Session & { phase: 'negotiating' }, outcome: Outcome): Step {
  if ('error' in outcome)
    return { session: CLOSED, effects: [{ effect: 'capabilities-refused', error: outcome.error }] };
  return {
    session: { phase: 'running', oob, nextId: 1, calls: new Map(), shutdown: undefined },
    effects: [{ effect: 'ready', greeting, oob }],
  };
}

function unknownReply(session: Session, id: unknown): Step {
  return {
    session,
    effects: [{ effect: 'report', finding: finding('qmp-unknown-reply', { id: nameOf(id) }, { severity: 'warning' }) }],
  };
}

function reported(session: Session, text: string): Step {
  const found = finding('qmp-unknown-message', { received: text }, { severity: 'warning' });
  return { session, effects: [{ effect: 'report', finding: found }] };
}

function nameOf(id: unknown): string {
  if (id === undefined) return 'none';
  return typeof id === 'string' || typeof id === 'number' ? excerpt(String(id)) : typeof id;
}
