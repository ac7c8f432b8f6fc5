import { type ErrorReply, type JsonObject, TURN } from '../protocol/index.js';
import type { RawMember } from './raw-object.js';

/** What a client sent does not get to QEMU: the answer to it. */
export interface CommandRefusal {
  readonly error: ErrorReply;
}

/** @returns an answer of class GenericError */
export function refuse(desc: string): CommandRefusal {
  return { error: { class: 'GenericError', desc } };
}

/** QEMU's words for a text that is not JSON begin like this (qobject/json-parser.c, parse_error). */
export const NOT_JSON: CommandRefusal = refuse('JSON parse error, this is not a JSON object');

/** qapi/qmp-dispatch.c, qmp_dispatch_check_obj. */
export const NOT_AN_OBJECT: CommandRefusal = refuse('QMP input must be a JSON object');

/** qobject/json-streamer.c. */
export const TOO_DEEP: CommandRefusal = refuse('JSON nesting depth limit exceeded');
export const TOO_LARGE: CommandRefusal = refuse('JSON token size limit exceeded');

/** qobject/json-parser.c, parse_pair. */
export const DUPLICATE_KEY: CommandRefusal = refuse('JSON parse error, duplicate key');

/** monitor/qmp.c, monitor_qmp_dispatch: any command but qmp_capabilities before that one. */
export const NOT_NEGOTIATED: CommandRefusal = {
  error: { class: 'CommandNotFound', desc: "Expecting capabilities negotiation with 'qmp_capabilities'" },
};

/**
 * The commands that take a descriptor from the socket itself (unix(7), SCM_RIGHTS): Node.js drops it, and QEMU would wait for one
 * or take another client's.
 */
const WITH_DESCRIPTOR: ReadonlySet<unknown> = new Set(['getfd', 'add-fd']);

/** @returns the answer to a command that can't go through a share; undefined if it can */
export function withDescriptor({ execute }: JsonObject): CommandRefusal | undefined {
  if (!WITH_DESCRIPTOR.has(execute)) return undefined;
  return refuse(`qplug share can't pass file descriptors: send ${String(execute)} to a QMP socket of QEMU itself`);
}

/**
 * Answers a message before the negotiation, in the words of qapi/qmp-dispatch.c and monitor/qmp-cmds-control.c.
 *
 * @returns the refusal; for a qmp_capabilities that ends the negotiation, whether the client waits for its turn
 */
export function negotiation(message: JsonObject): CommandRefusal | { readonly turn: boolean } {
  const extra = Object.keys(message).find((name) => !['execute', 'arguments', 'id'].includes(name));
  if (extra !== undefined) return refuse(`QMP input member '${extra}' is unexpected`);
  const { execute, arguments: args = {} } = message;
  if (execute === undefined) return refuse("QMP input lacks member 'execute'");
  if (typeof execute !== 'string') return refuse("QMP input member 'execute' must be a string");
  if (typeof args !== 'object' || args === null || Array.isArray(args))
    return refuse("QMP input member 'arguments' must be an object");
  if (execute !== 'qmp_capabilities') return NOT_NEGOTIATED;
  const unknown = Object.keys(args).find((name) => name !== 'enable');
  if (unknown !== undefined) return refuse(`Parameter '${unknown}' is unexpected`);
  const { enable = [] } = args as { readonly enable?: unknown };
  if (!Array.isArray(enable)) return refuse("Invalid parameter type for 'enable', expected: array");
  const wrong = enable.find((one) => one !== TURN);
  return wrong === undefined
    ? { turn: enable.length > 0 }
    : refuse(`Capability ${JSON.stringify(wrong)} not available`);
}

/** @returns a refusal as one line. @param id - of the message that it answers */
export function refusalLine({ error }: CommandRefusal, id: RawMember | undefined): string {
  const tail = id === undefined ? '' : `, "id": ${id.value}`;
  return `{"error": {"class": ${JSON.stringify(error.class)}, "desc": ${JSON.stringify(error.desc)}}${tail}}\r\n`;
}

/** @returns the answer to the negotiation as one line. @param id - of the message that it answers */
export function returnLine(id: RawMember | undefined): string {
  return `{"return": {}${id === undefined ? '' : `, "id": ${id.value}`}}\r\n`;
}
