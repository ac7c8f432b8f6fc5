import type { SocketIdentity } from '../../base/index.js';
import type { Finding } from '../../diag/index.js';
import type { ArgumentsOf, QmpCommandName, ReturnOf } from '../commands.js';
import type { CloseReason } from '../errors.js';
import type { EventOf, EventStream, EventWait, QmpEventName, WaitOptions } from '../events/index.js';
import type { Greeting, JsonObject } from '../protocol/index.js';
import type { ConnectStream } from './transport.js';

export interface ConnectOptions {
  /** Cancels the attempt to connect, which then rejects with the signal's reason. It has no effect afterwards. */
  readonly signal?: AbortSignal | undefined;
  /** ms for the socket, the greeting and the negotiation together; default 5000. */
  readonly timeout?: number | undefined;
  /**
   * Connects to the server, where this process can't do that by the address: it is in another network, for example. The address then only
   * names the server in messages. The stream belongs to the connection.
   */
  readonly over?: ConnectStream | undefined;
  /** ms for the answer to a command, and for `waitFor`, where the call names no other; default 30000. */
  readonly commandTimeout?: number | undefined;
  /** Ask for out-of-band execution where the server offers it; default false. */
  readonly oob?: boolean | undefined;
  /** Behind a share of qplug: wait until no other client with this option is connected; default false. QEMU itself serves one client. */
  readonly turn?: boolean | undefined;
  /** Longest accepted message, in bytes; default 64 MiB. A longer one ends the session. */
  readonly maxMessageBytes?: number | undefined;
  /** Gets reports of what is odd but harmless: unknown replies, unknown messages, events that were lost or had wrong data. */
  readonly onReport?: ((found: Finding) => void) | undefined;
  /** Gets every message of both directions. A message may hold secrets (set_password). */
  readonly transcript?: ((direction: 'sent' | 'received', message: JsonObject) => void) | undefined;
}

export interface ExecuteOptions extends WaitOptions {
  /** Run the command out of band: only on a connection whose `oob` is true, and only a command that allows it (qapi: `allow-oob`). */
  readonly oob?: boolean | undefined;
}

/** A session with one QEMU. */
export interface QmpConnection extends AsyncDisposable {
  readonly greeting: Greeting;
  /** QEMU's version. */
  readonly version: Greeting['version'];
  /** Whether out-of-band execution was asked for and granted. */
  readonly oob: boolean;
  /** Whether the other end is a share of qplug, and not QEMU itself. */
  readonly shared: boolean;
  /** The socket of this process at our end, from which the kernel knows who is at the other end. Undefined when it is closed. */
  readonly socket: SocketIdentity | undefined;
  /** The number of bytes received so far. */
  readonly bytesReceived: number;
  /** Resolves when the connection is over, with the reason. Never rejects. */
  readonly closed: Promise<CloseReason>;

  /**
   * Runs a command. Several may be in flight; QEMU runs them in the order of the calls. This checks the answer against the type that
   * QEMU's schema promises.
   *
   * @throws QmpCommandError when QEMU refuses; QmpTimeoutError; QmpClosedError when the session ends first;
   *   QmpProtocolError `qmp-unsendable`, or `qmp-wrong-reply` for an answer of another type; the signal's reason. After a timeout or an
   *   abort QEMU may still run the command, and after a wrong answer it may have run it.
   */
  execute<C extends QmpCommandName>(
    command: C,
    ...rest: Record<never, never> extends ArgumentsOf<C>
      ? [args?: ArgumentsOf<C> | undefined, options?: ExecuteOptions]
      : [args: ArgumentsOf<C>, options?: ExecuteOptions]
  ): Promise<ReturnOf<C>>;

  /** As `execute`, for any command. This checks only the nesting and the size of the answer. */
  executeAny(command: string, args?: object | undefined, options?: ExecuteOptions): Promise<unknown>;

  /** Calls `listener` for each event of that name, until the caller disposes of the result. */
  on<N extends QmpEventName | (string & {})>(event: N, listener: (event: EventOf<N>) => void): Disposable;

  /**
   * Collects events from now on, to read with `for await`.
   *
   * @param names - of the events; all events when left out
   * @param options - `limit`: the most events held for a slow reader, default 1024; beyond it the oldest are lost
   */
  events<N extends QmpEventName | (string & {}) = string>(
    names?: readonly N[] | undefined,
    options?: { readonly limit?: number | undefined },
  ): EventStream<EventOf<N>>;

  /**
   * Waits for an event, from now on: call it before the command that causes the event. `promise` rejects with
   * QmpTimeoutError, QmpClosedError, QmpProtocolError `qmp-wrong-event`, the signal's reason, or what `match` threw.
   */
  waitFor<N extends QmpEventName | (string & {})>(
    event: N,
    match?: (event: EventOf<N>) => boolean,
    options?: WaitOptions,
  ): EventWait<EventOf<N>>;

  /** Ends the session and rejects at once all that is pending. Safe to call twice. Resolves when the socket is gone. */
  close(): Promise<void>;
}
