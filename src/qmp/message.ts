import { excerpt, type FrameFault } from './framing.js';

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
  | { readonly kind: 'event'; readonly event: QmpEvent }
  | { readonly kind: 'unknown' };

/** What became of one line: an object with the start of its text, or the reason why it is none. */
export type ParsedLine = { readonly message: JsonObject; readonly received: string } | { readonly fault: FrameFault };

/**
 * Reads one line of the stream.
 *
 * @param line - one message without its line end; must not be blank
 */
export function parseLine(line: string): ParsedLine {
  const start = excerpt(line);
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
  const error = message['error'];
  if (!isObject(error) || typeof error['class'] !== 'string' || typeof error['desc'] !== 'string') {
    return { kind: 'unknown' };
  }
  return { kind: 'error', id: message['id'], error: { class: error['class'], desc: error['desc'] } };
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
  if (!isObject(qemu)) return undefined;
  const { major, minor, micro } = qemu as { major?: unknown; minor?: unknown; micro?: unknown };
  if (typeof major !== 'number' || typeof minor !== 'number' || typeof micro !== 'number') return undefined;
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
