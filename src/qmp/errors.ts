import { type Finding, finding, printable, QplugError } from '../diag/index.js';
import { formatAddress, type QmpAddress } from './address.js';
import type { Effect, ErrorReply, FrameFault, Mismatch, Shutdown } from './protocol/index.js';

/*
 * Errors, sorted by what a caller can do about them. `code` (QplugError) distinguishes the cases of one class.
 *
 *     QplugError
 *     └─ QmpError               all of them; itself: a wait that its owner disposed of
 *        ├─ QmpConnectError     there is no session: fix the address, the rights or the QEMU, and connect again
 *        ├─ QmpProtocolError    one side sent what the protocol forbids: a bug in QEMU or in the caller's arguments
 *        ├─ QmpCommandError     QEMU understood the command and refused it; the session goes on
 *        ├─ QmpTimeoutError     no answer or event in time; the session goes on, and the command may still be carried out
 *        └─ QmpClosedError      the session is over; `reason` says why
 *
 * A signal that aborts rejects with the signal's own reason, whatever that is.
 */
export class QmpError extends QplugError {
  override readonly name: string = 'QmpError';
}

/** There is no session. Every code of this class is about `address`. */
export class QmpConnectError extends QmpError {
  override readonly name = 'QmpConnectError';
  readonly address: QmpAddress;

  constructor(address: QmpAddress, found: Finding, options?: { cause?: unknown }) {
    super([found], options);
    this.address = address;
  }
}

/**
 * `qmp-malformed`, `qmp-message-too-large` and `qmp-message-too-deep` end the session. `qmp-wrong-reply`, `qmp-wrong-event` and
 * `qmp-unsendable` are about one command or event, and it goes on.
 */
export class QmpProtocolError extends QmpError {
  override readonly name = 'QmpProtocolError';
}

/** QEMU's refusal of a command. `errorClass` and `desc` are QEMU's words: untrusted text, unlike `message`. */
export class QmpCommandError extends QmpError {
  override readonly name = 'QmpCommandError';
  readonly command: string;
  readonly arguments: object | undefined;
  /** `GenericError`, `CommandNotFound`, `DeviceNotFound`, … (qapi/error.json). */
  readonly errorClass: string;
  readonly desc: string;

  constructor(command: string, args: object | undefined, error: ErrorReply) {
    super([finding('qmp-command-failed', { command, class: error.class, desc: error.desc })]);
    this.command = command;
    this.arguments = args;
    this.errorClass = error.class;
    this.desc = error.desc;
  }
}

/** Time ran out; `awaited` is the command or event, `timeout` the ms that were allowed. */
export class QmpTimeoutError extends QmpError {
  override readonly name = 'QmpTimeoutError';
  readonly awaited: string;
  readonly timeout: number;

  constructor(address: QmpAddress, awaited: string, what: 'command' | 'event', timeout: number) {
    const where = formatAddress(address);
    super([
      what === 'command'
        ? finding('qmp-timeout', { address: where, command: awaited, timeout })
        : finding('qmp-event-timeout', { address: where, event: awaited, timeout }),
    ]);
    this.awaited = awaited;
    this.timeout = timeout;
  }
}

/** The session ended before this was answered. */
export class QmpClosedError extends QmpError {
  override readonly name = 'QmpClosedError';
  readonly reason: CloseReason;

  constructor(address: QmpAddress, reason: CloseReason, awaited: string, state: 'in-flight' | 'not-sent' | 'event') {
    const detail = detailOf(reason);
    super([finding('qmp-closed', { address: formatAddress(address), reason: reason.reason, awaited, state, detail })], {
      cause: 'error' in reason ? reason.error : undefined,
    });
    this.reason = reason;
  }
}

/**
 * How a session ended. `by-us`: the caller called `close()`. `shutdown`: QEMU sent SHUTDOWN and then ended. `eof`: the stream just
 * ended, as when QEMU is killed. `error`: the system broke the stream off. `protocol`: QEMU sent what qplug cannot read.
 */
export type CloseReason =
  | { readonly reason: 'by-us' }
  | ({ readonly reason: 'shutdown' } & Shutdown)
  | { readonly reason: 'eof' }
  | { readonly reason: 'error'; readonly error: Error }
  | { readonly reason: 'protocol'; readonly error: QmpProtocolError };

/** @returns the error for a stream that qplug cannot read any further */
export function protocolError(address: QmpAddress, fault: FrameFault): QmpProtocolError {
  const where = formatAddress(address);
  if (fault.fault === 'too-large') {
    return new QmpProtocolError([finding('qmp-message-too-large', { address: where, limit: fault.limit })]);
  }
  if (fault.fault === 'too-deep') {
    return new QmpProtocolError([finding('qmp-message-too-deep', { address: where, limit: fault.limit })]);
  }
  const encoding = fault.fault === 'not-utf8' ? 'utf-8' : 'json';
  return new QmpProtocolError([finding('qmp-malformed', { address: where, encoding, received: fault.received })]);
}

/** @returns the error for an answer that is not of its command's type */
export function wrongReply(address: QmpAddress, command: string, wrong: Mismatch): QmpProtocolError {
  return new QmpProtocolError([finding('qmp-wrong-reply', { address: formatAddress(address), command, ...wrong })]);
}

/** @returns the error for an event with wrong data */
export function wrongEvent(address: QmpAddress, event: string, wrong: Mismatch): QmpProtocolError {
  return new QmpProtocolError([finding('qmp-wrong-event', { address: formatAddress(address), event, ...wrong })]);
}

/** The system's name of an error, or the first words of its message where it has none. */
export function errnoOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : printable(error.message, 80);
}

function detailOf(reason: CloseReason): string | undefined {
  if (reason.reason === 'shutdown') return reason.cause;
  if (reason.reason === 'error') return errnoOf(reason.error);
  return reason.reason === 'protocol' ? reason.error.message : undefined;
}

/** @returns the reason for the end of a session, as its user sees it */
export function closeReason(address: QmpAddress, { end, shutdown }: Effect & { effect: 'closed' }): CloseReason {
  if (end.end === 'by-us') return { reason: 'by-us' };
  if (end.end === 'fault') return { reason: 'protocol', error: protocolError(address, end.fault) };
  // QEMU often resets the connection while it quits, so the SHUTDOWN before it says more than the errno.
  if (shutdown !== undefined) return { reason: 'shutdown', ...shutdown };
  return end.end === 'eof' ? { reason: 'eof' } : { reason: 'error', error: end.error };
}
