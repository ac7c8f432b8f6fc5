import { finding } from '../../diag/index.js';
import type { QmpAddress } from '../address.js';
import {
  type CloseReason,
  closeReason,
  QmpClosedError,
  QmpCommandError,
  QmpTimeoutError,
  wrongEvent,
  wrongReply,
} from '../errors.js';
import type { EventOf, EventStream } from '../events/index.js';
import { callOut, EventHub, type EventWait, Wait, type WaitOptions } from '../events/index.js';
import {
  checkEvent,
  checkReply,
  DEFAULT_MAX_MESSAGE_BYTES,
  type Effect,
  type Greeting,
  type JsonObject,
  LineSplitter,
  type ParsedLine,
  parseLine,
  type QmpEvent,
  type ReplyOutcome,
  Session,
  TURN,
} from '../protocol/index.js';
import {
  type ConnectProgress,
  capabilitiesRefused,
  connectError,
  connectTimeout,
  endedEarly,
  notQmp,
} from './connect-errors.js';
import type { LineConnection, TakeLine } from './line-connection.js';
import type { ConnectOptions, ExecuteOptions, QmpConnection } from './qmp-connection.js';
import type { OpenTransport, Transport } from './transport.js';
import { toWire } from './wire.js';

const CONNECT_TIMEOUT = 5000;
const COMMAND_TIMEOUT = 30_000;
const EVENT_LIMIT = 1024;

/** A command that was sent and not answered. */
interface Call {
  readonly command: string;
  readonly args: object | undefined;
  readonly wait: Wait<unknown>;
}

/** Carries bytes from a transport to the session, and does what the session says. */
export class Connection implements QmpConnection, LineConnection {
  readonly closed: Promise<CloseReason>;
  readonly execute: QmpConnection['execute'] = ((command: string, args?: object, options?: ExecuteOptions) =>
    this.#checked(command, args, options)) as QmpConnection['execute'];
  readonly #address: QmpAddress;
  readonly #options: ConnectOptions;
  readonly #splitter: LineSplitter;
  readonly #transport: Transport;
  readonly #handshake: Wait<void>;
  readonly #calls = new Map<number, Call>();
  readonly #events = new EventHub();
  #resolveClosed: (reason: CloseReason) => void = () => {};
  readonly #session: Session;
  #received = 0;
  #opened = false;
  #greeting: Greeting | undefined;
  #oob = false;
  #reason: CloseReason = { reason: 'by-us' };
  #greetingLine = '';
  #takeLine: TakeLine | undefined;

  /** Starts to connect; `ready` settles with the outcome. */
  constructor(open: OpenTransport, address: QmpAddress, options: ConnectOptions) {
    this.#address = address;
    this.#options = options;
    this.#splitter = new LineSplitter(options.maxMessageBytes ?? DEFAULT_MAX_MESSAGE_BYTES);
    this.#session = new Session(options.oob ?? false, options.turn ?? false);
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    this.#handshake = new Wait(
      { timeout: options.timeout ?? CONNECT_TIMEOUT, signal: options.signal },
      (timeout) => connectTimeout(address, timeout, this.#progress()),
      (gaveUp) => {
        if (gaveUp) this.#transport.destroy();
      },
    );
    this.#transport = open(address, {
      opened: () => {
        this.#opened = true;
      },
      data: (chunk) => this.#data(chunk),
      ended: (error) => this.#ended(error),
    });
  }

  /** Resolves when commands can be sent. When it rejects, the transport is gone too. */
  get ready(): Promise<void> {
    return this.#handshake.promise;
  }

  get greeting(): Greeting {
    if (this.#greeting === undefined) throw new TypeError('the greeting was asked for before the connection was ready');
    return this.#greeting;
  }

  get version(): Greeting['version'] {
    return this.greeting.version;
  }

  get oob(): boolean {
    return this.#oob;
  }

  get shared(): boolean {
    return this.greeting.capabilities.includes(TURN);
  }

  get socket(): ReturnType<NonNullable<Transport['socket']>> {
    return this.#transport.socket?.();
  }

  get greetingLine(): string {
    return this.#greetingLine;
  }

  takeLines(take: TakeLine): void {
    this.#takeLine = take;
  }

  sendLine(text: string): void {
    if (this.#session.phase === 'running') this.#transport.send(text);
  }

  get bytesReceived(): number {
    return this.#received;
  }

  async executeAny(command: string, args?: object, options: ExecuteOptions = {}): Promise<unknown> {
    options.signal?.throwIfAborted();
    if (this.#session.phase !== 'running') {
      throw new QmpClosedError(this.#address, this.#reason, command, 'not-sent');
    }
    const { id, message } = this.#session.issue(command, args, options.oob ?? false);
    const text = this.#toWire(id, command, message);
    const { timeout = this.#options.commandTimeout ?? COMMAND_TIMEOUT, signal } = options;
    const wait = new Wait<unknown>({ timeout, signal }, this.#timedOut(command, 'command'), () => {
      this.#calls.delete(id);
    });
    this.#calls.set(id, { command, args, wait });
    this.#send(message, text);
    return await wait.promise;
  }

  async #checked(command: string, args?: object, options?: ExecuteOptions): Promise<unknown> {
    const value = await this.executeAny(command, args, options);
    const wrong = checkReply(command, value);
    if (wrong !== undefined) throw wrongReply(this.#address, command, wrong);
    return value;
  }

  #toWire(id: number, command: string, message: JsonObject): string {
    try {
      return toWire(command, message);
    } catch (error) {
      this.#session.withdraw(id);
      throw error;
    }
  }

  on<N extends string>(event: N, listener: (event: EventOf<N>) => void): Disposable {
    return this.#events.on(event, listener);
  }

  events<N extends string = string>(
    names?: readonly N[],
    options: { limit?: number | undefined } = {},
  ): EventStream<EventOf<N>> {
    const limit = options.limit ?? EVENT_LIMIT;
    const report = (dropped: number): void => {
      const found = finding('qmp-events-dropped', { dropped, limit }, { severity: 'warning' });
      callOut(() => this.#options.onReport?.(found));
    };
    return this.#events.stream(names, limit, report);
  }

  waitFor<N extends string>(
    event: N,
    match: (event: EventOf<N>) => boolean = () => true,
    options: WaitOptions = {},
  ): EventWait<EventOf<N>> {
    const { timeout = this.#options.commandTimeout ?? COMMAND_TIMEOUT, signal } = options;
    return this.#events.waitFor(event, match, { timeout, signal }, this.#timedOut(event, 'event'));
  }

  async close(): Promise<void> {
    this.#apply(this.#session.end({ end: 'by-us' }));
    this.#transport.close();
    await this.closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #data(chunk: Uint8Array): void {
    this.#received += chunk.length;
    for (const frame of this.#splitter.push(chunk)) {
      if (this.#session.phase === 'closed') return;
      if ('fault' in frame) this.#line(frame);
      else this.#whole(frame.line);
    }
    if (this.#session.phase !== 'greeting') return;
    // A text that does not even start as JSON, such as a prompt, may never get its line end.
    const start = this.#splitter.unfinished.trimStart();
    if (start !== '' && !start.startsWith('{')) this.#line({ fault: { fault: 'not-json', received: start } });
  }

  #whole(line: string): void {
    const parsed = parseLine(line);
    if (this.#session.phase === 'greeting') this.#greetingLine = line;
    const take = this.#takeLine;
    if (take === undefined || !('message' in parsed)) {
      this.#line(parsed);
      return;
    }
    // the session needs to know of a SHUTDOWN; of answers it knows nothing, because it did not ask
    if (typeof parsed.message['event'] === 'string') this.#line(parsed);
    callOut(() => take(line, parsed.message));
  }

  #line(parsed: ParsedLine): void {
    if ('message' in parsed) callOut(() => this.#options.transcript?.('received', parsed.message));
    this.#apply(this.#session.received(parsed));
  }

  #send(message: JsonObject, text: string): void {
    this.#transport.send(text);
    callOut(() => this.#options.transcript?.('sent', message));
  }

  #ended(error: Error | undefined): void {
    if (!this.#opened) this.#handshake.reject(connectError(this.#address, error ?? new Error('it ended at once')));
    this.#apply(this.#session.end(error === undefined ? { end: 'eof' } : { end: 'error', error }));
    this.#resolveClosed(this.#reason);
  }

  #progress(): ConnectProgress {
    const greeted = this.#session.phase !== 'greeting';
    const { waitsForTurn } = this.#session;
    return { opened: this.#opened, greeted, waitsForTurn, unfinished: this.#splitter.unfinished };
  }

  #apply(effects: readonly Effect[]): void {
    for (const effect of effects) this.#do(effect);
  }

  #do(effect: Effect): void {
    switch (effect.effect) {
      case 'send':
        this.#send(effect.message, toWire('qmp_capabilities', effect.message));
        break;
      case 'ready':
        this.#greeting = effect.greeting;
        this.#oob = effect.oob;
        this.#handshake.resolve();
        break;
      case 'not-qmp':
        this.#fail(notQmp(this.#address, effect.received));
        break;
      case 'capabilities-refused':
        this.#fail(capabilitiesRefused(this.#address, effect.error));
        break;
      case 'reply':
        this.#answer(effect.id, effect.outcome);
        break;
      case 'event':
        this.#happened(effect.event);
        break;
      case 'report':
        callOut(() => this.#options.onReport?.(effect.finding));
        break;
      case 'closed':
        this.#close(effect);
    }
  }

  #answer(id: number, outcome: ReplyOutcome): void {
    const call = this.#calls.get(id);
    // The caller gave up earlier, so nobody waits for the late answer.
    if (call === undefined) return;
    if ('error' in outcome) call.wait.reject(new QmpCommandError(call.command, call.args, outcome.error));
    else if ('wrong' in outcome) call.wait.reject(wrongReply(this.#address, call.command, outcome.wrong));
    else call.wait.resolve(outcome.value);
  }

  /** No listener gets an event with wrong data; every wait for an event of that name fails. */
  #happened(event: QmpEvent): void {
    const wrong = checkEvent(event.event, event.data);
    if (wrong === undefined) {
      this.#events.dispatch(event);
      return;
    }
    const error = wrongEvent(this.#address, event.event, wrong);
    this.#events.fail(event.event, error);
    callOut(() => this.#options.onReport?.({ ...error.findings[0], severity: 'warning' }));
  }

  #timedOut(awaited: string, what: 'command' | 'event'): (timeout: number) => Error {
    return (timeout) => new QmpTimeoutError(this.#address, awaited, what, timeout);
  }

  #fail(error: Error): void {
    this.#handshake.reject(error);
    this.#transport.destroy();
  }

  #close(effect: Effect & { effect: 'closed' }): void {
    this.#reason = closeReason(this.#address, effect);
    if (effect.end.end === 'fault') this.#transport.destroy();
    if (!effect.running) this.#handshake.reject(endedEarly(this.#address, this.#reason));
    for (const { command, wait } of [...this.#calls.values()]) {
      wait.reject(new QmpClosedError(this.#address, this.#reason, command, 'in-flight'));
    }
    this.#events.end((event) => new QmpClosedError(this.#address, this.#reason, event, 'event'));
  }
}
