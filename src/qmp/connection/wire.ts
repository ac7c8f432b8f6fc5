import { finding } from '../../diag/index.js';
import { QmpProtocolError } from '../errors.js';
import type { JsonObject } from '../protocol/index.js';

/**
 * @param command - for the error
 * @param message - what to send
 * @returns the message as one line of JSON, line end included
 * @throws QmpProtocolError `qmp-unsendable` for what JSON or QEMU's parser does not take: circles, bigint, half of a
 *   surrogate pair. QEMU answers the last without an id (qobject/json-parser.c), so qplug does not send it.
 */
export function toWire(command: string, message: JsonObject): string {
  let json: string;
  try {
    json = JSON.stringify(message);
  } catch (cause) {
    throw unsendable(command, cause instanceof Error ? cause.message : String(cause), cause);
  }
  if (hasLoneSurrogate(json)) throw unsendable(command, 'a string holds half of a surrogate pair', undefined);
  return `${json}\n`;
}

/** `JSON.stringify` writes half pairs, and no other characters, as `\udXXX`. */
function hasLoneSurrogate(json: string): boolean {
  return json.includes('\\ud') && /(?<!\\)(?:\\\\)*\\ud[89a-f]/.test(json);
}

function unsendable(command: string, problem: string, cause: unknown): QmpProtocolError {
  return new QmpProtocolError([finding('qmp-unsendable', { command, problem })], { cause });
}
