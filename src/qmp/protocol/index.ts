/**
 * The QMP protocol without a socket: bytes become lines (`LineSplitter`), lines become messages, and a `Session` says what to do about each. Input:
 * chunks of bytes and commands; output: effects, which `src/qmp/connection` carries out. Nothing here waits, and nothing knows the time.
 */

export { checkEvent, checkReply, type Mismatch } from './check.js';
export { DEFAULT_MAX_MESSAGE_BYTES, type FrameFault, LineSplitter } from './framing.js';
export {
  type ErrorReply,
  type Greeting,
  type JsonObject,
  type ParsedLine,
  parseLine,
  type QmpEvent,
} from './message.js';
export { nestsDeeper } from './nesting.js';
export { type Effect, type ReplyOutcome, Session, type Shutdown, TURN } from './session.js';
