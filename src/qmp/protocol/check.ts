import { type ReplyError, validate } from '../generated/reply-validator.js';

/** What is wrong with something that QEMU said. */
export interface Mismatch {
  /** Which part of it, as a JSON pointer; empty for the whole. */
  readonly member: string;
  /** What it should be, in words. */
  readonly expected: string;
  /** What it is, in words; holds the start of texts from QEMU: still to be wrapped in `printable`. */
  readonly received: string;
}

/**
 * Checks what a command returned against its type in replies.schema.json.
 *
 * @returns the first thing that is wrong; undefined when it is right, or the command is not one that qplug knows
 */
export function checkReply(command: string, value: unknown): Mismatch | undefined {
  return check('command', command, value);
}

/** The same for the data of an event. */
export function checkEvent(event: string, data: unknown): Mismatch | undefined {
  return check('event', event, data);
}

/** @param version - the member `qemu` of a greeting's version */
export function isVersion(version: unknown): boolean {
  return validate({ version: { qemu: version } });
}

function check(part: 'command' | 'event', name: string, value: unknown): Mismatch | undefined {
  // as JSON.parse does: even a command with the name of a member of the prototype becomes an own member
  if (validate({ [part]: Object.fromEntries([[name, value]]) })) return undefined;
  const [error] = validate.errors ?? [];
  if (error === undefined) throw new TypeError('the validator found a mistake and tells none');
  const member = `/${error.instancePath.split('/').slice(3).join('/')}`.replace(/\/$/, '');
  const at = valueAt(value, member);
  return error.keyword === 'required'
    ? { member: `${member}/${pointer(error.params.missingProperty ?? '')}`, expected: 'a value', received: 'nothing' }
    : { member, expected: expectation(error), received: glimpse(at) };
}

function expectation({ keyword, params: { type, limit } }: ReplyError): string {
  switch (keyword) {
    case 'type':
      return WORDS[type ?? ''] ?? String(type);
    case 'minimum':
      return `a number from ${limit}`;
    case 'maximum':
      return `a number up to ${limit}`;
    case 'maxLength':
      return `a text of at most ${limit} characters`;
    default:
      return keyword;
  }
}

const WORDS: Readonly<Record<string, string>> = {
  object: 'an object',
  array: 'an array',
  string: 'a text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
};

/** RFC 6901. */
function pointer(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}

function valueAt(value: unknown, member: string): unknown {
  let at = value;
  for (const name of member.split('/').slice(1)) {
    const key = name.replaceAll('~1', '/').replaceAll('~0', '~');
    at = typeof at === 'object' && at !== null ? (at as Readonly<Record<string, unknown>>)[key] : undefined;
  }
  return at;
}

/** How many characters of a text are shown. */
const SHOWN = 60;

/** @returns the kind of a value, or a short value itself; never longer than a line */
export function glimpse(value: unknown): string {
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  if (typeof value !== 'string') return String(value);
  return value.length > SHOWN ? `a text of ${value.length} characters, "${value.slice(0, SHOWN)}…"` : `"${value}"`;
}
