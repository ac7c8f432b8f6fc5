import { glimpse, isVersion, type Mismatch } from './check.js';
import { excerpt, type FrameFault } from './framing.js';
import { nestsDeeper } from './nesting.js';

/** Any JSON object. What QEMU sends is only known to have this shape until someone has looked. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** The first thing that a QMP server says (docs/interop/qmp-spec, "Server Greeting"). */
export interface Greeting {
  readonly version: { readonly major: number; readonly minor: number; readonly micro: number };
  /** The distribution's own version text; often empty. Untrusted. */
  readonly package: string;
  /** What can be asked for with `qmp_capabilities`; today `oob` or nothing. */
  readonly capabilities: readonly string[];
}

/** An event, as QEMU sends it; `data` is `{}` where QEMU sends none. */
export interface QmpEvent<N extends string = string, D = JsonObject> {
  readonly event: N;
  readonly data: D;
  /** Host time; both are -1 when QEMU could not tell. */
  readonly timestamp: { readonly seconds: number; readonly microseconds: number };
}

/** QEMU's own words about a refused command. Both are untrusted text. */
export interface ErrorReply {
  /** `GenericError`, `CommandNotFound`, `DeviceNotFound`, `DeviceNotActive` or `KVMMissingCap` (qapi/error.json). */
  readonly class: string;
  readonly desc: string;
}

/** A message from the server, sorted by what it is. */
export type Incoming =
  | { readonly kind: 'greeting'; readonly greeting: Greeting }
  | { readonly kind: 'return'; readonly id: unknown; readonly value: unknown }
  | { readonly kind: 'error'; readonly id: unknown; readonly error: ErrorReply }
  /** Where an error was to be told, something else was. */
  | { readonly kind: 'error'; readonly id: unknown; readonly wrong: Mismatch }
  | { readonly kind: 'event'; readonly event: QmpEvent }
  | { readonly kind: 'unknown' };

/** What became of one line: an object with the start of its text, or the reason why it is none. */
export type ParsedLine = { readonly message: JsonObject; readonly received: string } | { readonly fault: FrameFault };

/** Levels of arrays and objects in one message: as many as QEMU takes itself (MAX_NESTING in qobject/json-streamer.c). */
export const MAX_NESTING = 1024;

/** Characters of QEMU's words about a refused command. Its own are a line. */
const MAX_ERROR = 64 * 1024;

/**
 * Reads one line of the stream.
 *
 * @param line - one message without its line end; must not be blank
 */
export function parseLine(line: string): ParsedLine {
  const start = excerpt(line);
  // whoever walks a value calls itself for each level: a million of them would end its stack
  if (nestsDeeper(line, MAX_NESTING)) return { fault: { fault: 'too-deep', limit: MAX_NESTING, received: start } };
  try {
    const json: unknown = JSON.parse(line);
    if (isObject(json)) return { message: json, received: start };
  } catch {
    // Below: text that is no JSON and JSON that is no object are the same to us.
  }
  return { fault: { fault: 'not-json', received: start } };
}

/** Sorts a message. One that has none of the forms of docs/interop/qmp-spec is `unknown`, never an exception. */
export function readMessage(message: JsonObject): Incoming {
  if (Object.hasOwn(message, 'error')) return readError(message);
  if (Object.hasOwn(message, 'return')) return { kind: 'return', id: message['id'], value: message['return'] };
  if (typeof message['event'] === 'string') return { kind: 'event', event: readEvent(message['event'], message) };
  const greeting = Object.hasOwn(message, 'QMP') ? readGreeting(message['QMP']) : undefined;
  return greeting === undefined ? { kind: 'unknown' } : { kind: 'greeting', greeting };
}

function readError(message: JsonObject): Incoming {
  const { id, error } = message as { id?: unknown; error?: unknown };
  if (!isObject(error)) return wrongError(id, '', 'an object', error);
  if (typeof error['class'] !== 'string') return wrongError(id, '/class', 'a text', error['class']);
  if (typeof error['desc'] !== 'string') return wrongError(id, '/desc', 'a text', error['desc']);
  return { kind: 'error', id, error: { class: cut(error['class']), desc: cut(error['desc']) } };
}

function wrongError(id: unknown, member: string, expected: string, value: unknown): Incoming {
  const received = value === undefined ? 'nothing' : glimpse(value);
  return { kind: 'error', id, wrong: { member: `/error${member}`, expected, received } };
}

function cut(text: string): string {
  return text.length > MAX_ERROR ? `${text.slice(0, MAX_ERROR)}…` : text;
}

function readEvent(event: string, message: JsonObject): QmpEvent {
  const data = message['data'];
  const stamp = message['timestamp'];
  return {
    event,
    data: isObject(data) ? data : {},
    timestamp: isObject(stamp)
      ? { seconds: numberOr(stamp['seconds'], -1), microseconds: numberOr(stamp['microseconds'], -1) }
      : { seconds: -1, microseconds: -1 },
  };
}

function readGreeting(greeting: unknown): Greeting | undefined {
  if (!isObject(greeting) || !isObject(greeting['version'])) return undefined;
  const version = greeting['version'];
  const qemu = version['qemu'];
  if (!isVersion(qemu)) return undefined;
  const { major, minor, micro } = qemu as Greeting['version'];
  const capabilities = greeting['capabilities'];
  return {
    version: { major, minor, micro },
    package: typeof version['package'] === 'string' ? version['package'] : '',
    capabilities: Array.isArray(capabilities) ? capabilities.filter((one) => typeof one === 'string') : [],
  };
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function numberOr(value: unknown, otherwise: number): number {
  return typeof value === 'number' ? value : otherwise;
}
