import { glimpse, isVersion, type Mismatch } from './check.js';
import { excerpt, type FrameFault } from './framing.js';
import { nestsDeeper } from './nesting.js';

/** Any JSON object. Nothing more is known of a message from QEMU until some code has checked it. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** The first message of a QMP server (docs/interop/qmp-spec, "Server Greeting"). */
export interface Greeting {
  readonly version: { readonly major: number; readonly minor: number; readonly micro: number };
  /** The distribution's own version text; often empty. Untrusted. */
  readonly package: string;
  /** The capabilities that `qmp_capabilities` can enable; today `oob` or none. */
  readonly capabilities: readonly string[];
}

/** An event, as QEMU sends it; `data` is `{}` where QEMU sends none. */
export interface QmpEvent<N extends string = string, D = JsonObject> {
  readonly event: N;
  readonly data: D;
  /** Host time; both are -1 when QEMU does not know it. */
  readonly timestamp: { readonly seconds: number; readonly microseconds: number };
}

/** QEMU's own words about a refused command. Both are untrusted text. */
export interface ErrorReply {
  /** `GenericError`, `CommandNotFound`, `DeviceNotFound`, `DeviceNotActive` or `KVMMissingCap` (qapi/error.json). */
  readonly class: string;
  readonly desc: string;
}

/** A message from the server, by its kind. */
export type Incoming =
  | { readonly kind: 'greeting'; readonly greeting: Greeting }
  | { readonly kind: 'return'; readonly id: unknown; readonly value: unknown }
  | { readonly kind: 'error'; readonly id: unknown; readonly error: ErrorReply }
  /** An error whose description does not have the right type. */
  | { readonly kind: 'error'; readonly id: unknown; readonly wrong: Mismatch }
  | { readonly kind: 'event'; readonly event: QmpEvent }
  | { readonly kind: 'unknown' };

/** The result for one line: an object with the start of its text, or the reason why it is not an object. */
export type ParsedLine = { readonly message: JsonObject; readonly received: string } | { readonly fault: FrameFault };

/** The most levels of arrays and objects in one message: as many as QEMU itself takes (MAX_NESTING in qobject/json-streamer.c). */
export const MAX_NESTING = 1024;

/** The most characters kept of each of QEMU's texts about a refused command. QEMU's own texts are a line long. */
const MAX_ERROR = 64 * 1024;

/**
 * Reads one line of the stream.
 *
 * @param line - one message without its line end; must not be blank
 */
export function parseLine(line: string): ParsedLine {
  const start = excerpt(line);
  // a function that walks a value calls itself for each level: a million levels would overflow the stack
  if (nestsDeeper(line, MAX_NESTING)) return { fault: { fault: 'too-deep', limit: MAX_NESTING, received: start } };
  try {
    const json: unknown = JSON.parse(line);
    if (isObject(json)) return { message: json, received: start };
  } catch {
    // Text that is not JSON gets the same fault as JSON that is not an object, below.
  }
  return { fault: { fault: 'not-json', received: start } };
}

/** Sorts a message. A message in none of the forms of docs/interop/qmp-spec is `unknown`; this never throws. */
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
