import type { SocketIdentity } from '../../base/index.js';
import type { Finding } from '../../diag/index.js';
import type { ArgumentsOf, QmpCommandName, ReturnOf } from '../commands.js';
import type { CloseReason } from '../errors.js';
import type { EventOf, EventStream, EventWait, QmpEventName, WaitOptions } from '../events/index.js';
import type { Greeting, JsonObject } from '../protocol/index.js';

export interface ConnectOptions {
  /** Calls off the connecting, by rejecting with its reason. It has no say afterwards. */
  readonly signal?: AbortSignal | undefined;
  /** ms for the socket, the greeting and the negotiation together; default 5000. */
  readonly timeout?: number | undefined;
  /** ms for the answer to a command, and for `waitFor`, where the call names no other; default 30000. */
  readonly commandTimeout?: number | undefined;
  /** Ask for out-of-band execution where the server offers it; default false. */
  readonly oob?: boolean | undefined;
  /** Longest message taken, in bytes; default 64 MiB. A longer one ends the session. */
  readonly maxMessageBytes?: number | undefined;
  /** Told of what is odd but harmless: unknown replies, unknown messages, lost events. */
  readonly onReport?: ((found: Finding) => void) | undefined;
  /** Sees every message of both directions. It may hold secrets (set_password). */
  readonly transcript?: ((direction: 'sent' | 'received', message: JsonObject) => void) | undefined;
}

export interface ExecuteOptions extends WaitOptions {
  /** Run it out of band; only with a connection whose `oob` is true, and only few commands can (qapi: `allow-oob`). */
  readonly oob?: boolean | undefined;
}

/** A session with one QEMU. */
export interface QmpConnection extends AsyncDisposable {
  readonly greeting: Greeting;
  /** QEMU's version. */
  readonly version: Greeting['version'];
  /** Whether out-of-band execution was asked for and granted. */
  readonly oob: boolean;
  /** Which socket of this process our end is: by it the kernel tells who is at the other end. Undefined when it is closed. */
  readonly socket: SocketIdentity | undefined;
  /** All that came so far, in bytes. */
  readonly bytesReceived: number;
  /** Resolves when the connection is over, with the reason. Never rejects. */
  readonly closed: Promise<CloseReason>;

  /**
   * Runs a command. Several may be in flight; QEMU carries them out in the order of the calls. The answer is held against the type that
   * QEMU's schema promises.
   *
   * @throws QmpCommandError when QEMU refuses; QmpTimeoutError; QmpClosedError when the session ends first;
   *   QmpProtocolError `qmp-unsendable`, or `qmp-wrong-reply` for an answer of another type; the signal's reason. After a timeout or an
   *   abort QEMU may still carry it out, and after a wrong answer it may have done so.
   */
  execute<C extends QmpCommandName>(
    command: C,
    ...rest: Record<never, never> extends ArgumentsOf<C>
      ? [args?: ArgumentsOf<C> | undefined, options?: ExecuteOptions]
      : [args: ArgumentsOf<C>, options?: ExecuteOptions]
  ): Promise<ReturnOf<C>>;

  /** As `execute`, for any command; what it answers is not checked, but for nesting and size. */
  executeAny(command: string, args?: object | undefined, options?: ExecuteOptions): Promise<unknown>;

  /** Calls `listener` for each such event, until disposed. */
  on<N extends QmpEventName | (string & {})>(event: N, listener: (event: EventOf<N>) => void): Disposable;

  /**
   * Collects events from now on, to be read with `for await`.
   *
   * @param names - which; all when left out
   * @param options - `limit`: how many to hold for a slow reader, default 1024; the oldest are lost over it
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

  /** Ends the session; what is pending is rejected at once. Safe to call twice. Resolves when the socket is gone. */
  close(): Promise<void>;
}
