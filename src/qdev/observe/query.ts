import { fail } from '../../diag/index.js';
import { LIMITS, within } from './limits.js';

/** One QMP command of a reading; all of a batch may be sent at once. */
export interface QueryCommand {
  readonly command: string;
  readonly arguments?: Readonly<Record<string, unknown>>;
}

/** Its answer: what `return` held, or QEMU's error. */
export type QueryReply =
  | { readonly ok: unknown }
  | { readonly error: { readonly class: string; readonly desc: string } };

/** A reading: yields batches of commands, is given their replies in the same order, ends with a value. */
export type Reading<T> = Generator<readonly QueryCommand[], T, readonly QueryReply[]>;

/** One line of a `qom-list`. */
export interface QomProperty {
  readonly name: string;
  /** `child<usb-bus>`, `link<usb-hub>`, `str`, … */
  readonly type: string;
}

export function qomList(path: string): QueryCommand {
  return { command: 'qom-list', arguments: { path } };
}

export function qomGet(path: string, property: string): QueryCommand {
  return { command: 'qom-get', arguments: { path, property } };
}

/** @returns the lines of a `qom-list`; none where the object has gone. The code that sends the commands has checked the replies. */
export function listed(reply: QueryReply | undefined): QomProperty[] {
  const value = okOf(reply);
  if (!Array.isArray(value)) return [];
  return value.filter(
    (one): one is QomProperty =>
      typeof one === 'object' && one !== null && typeof one.name === 'string' && typeof one.type === 'string',
  );
}

/** The replies about the properties of one object, by name: only those that were asked for; an error where the object has gone. */
export interface Values {
  readonly path: string;
  readonly replies: ReadonlyMap<string, QueryReply>;
}

/**
 * @returns a property that is a text; undefined where it is empty, or there is none
 * @throws QplugError `qmp-wrong-reply` for any other value · `qemu-tree-too-large`
 */
export function textOf(values: Values, property: string): string | undefined {
  const value = held(values, property);
  if (value === undefined || value === '') return undefined;
  if (typeof value !== 'string') throw wrongValue(values, property, 'a text', value);
  within('name-characters', value.length);
  return value;
}

/**
 * @returns a property that is a whole number; undefined where there is none
 * @throws QplugError `qmp-wrong-reply` for any other value
 */
export function numberOf(values: Values, property: string): number | undefined {
  const value = held(values, property);
  if (value === undefined || isWholeNumber(value)) return value;
  throw wrongValue(values, property, 'a whole number', value);
}

/**
 * @returns a property that counts ports; undefined where there is none
 * @throws QplugError `qmp-wrong-reply` for what is no number of ports · `qemu-tree-too-large`
 */
export function portCountOf(values: Values, property: string): number | undefined {
  const count = numberOf(values, property);
  if (count === undefined) return undefined;
  if (count < 0) throw wrongValue(values, property, 'a number of ports', count);
  within('hub-ports', count);
  return count;
}

/**
 * @returns a property that is true or false; undefined where there is none
 * @throws QplugError `qmp-wrong-reply` for any other value
 */
export function flagOf(values: Values, property: string): boolean | undefined {
  const value = held(values, property);
  if (value === undefined || typeof value === 'boolean') return value;
  throw wrongValue(values, property, 'true or false', value);
}

function isWholeNumber(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

function held({ replies }: Values, property: string): unknown {
  const reply = replies.get(property);
  return reply !== undefined && 'ok' in reply ? reply.ok : undefined;
}

/** `qom-get` returns whatever a property holds, so only this module knows which type to expect. */
function wrongValue({ path }: Values, property: string, expected: string, value: unknown): Error {
  const of = `${path.slice(0, LIMITS['name-characters'])}, ${property}`;
  return fail('qmp-wrong-reply', { command: 'qom-get', of, member: '', expected, received: kindOf(value) });
}

/** @returns a short text that says what a value is */
function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object' && value !== null) return 'an object';
  return typeof value === 'string' ? `"${value.slice(0, 60)}"` : String(value);
}

/** @returns what a reply held; undefined for an error */
export function okOf(reply: QueryReply | undefined): unknown {
  return reply !== undefined && 'ok' in reply ? reply.ok : undefined;
}

/** @returns T of `child<T>`, or undefined for any other property */
export function childType({ type }: QomProperty): string | undefined {
  return /^child<(.+)>$/.exec(type)?.[1];
}

/** @returns T and the number for each `child[3]: link<T>` of a bus: the devices on it, in the order of creation */
export function busChildren(properties: readonly QomProperty[]): { readonly index: number; readonly type: string }[] {
  return properties
    .flatMap(({ name, type }) => {
      const index = /^child\[(\d+)\]$/.exec(name)?.[1];
      const target = /^link<(.+)>$/.exec(type)?.[1];
      return index === undefined || target === undefined ? [] : [{ index: Number(index), type: target }];
    })
    .sort((a, b) => a.index - b.index);
}

/**
 * Asks for the same properties of many objects in one batch.
 *
 * @param wanted - for each object its path and the properties to get
 * @returns for each object, in the same order, its properties
 */
export function* getAll(
  wanted: readonly { readonly path: string; readonly properties: readonly string[] }[],
): Reading<Values[]> {
  const commands = wanted.flatMap(({ path, properties }) => properties.map((property) => qomGet(path, property)));
  const answers = commands.length === 0 ? [] : yield commands;
  let at = 0;
  return wanted.map(({ path, properties }) => {
    const replies = new Map<string, QueryReply>();
    for (const property of properties) {
      const reply = answers[at++];
      if (reply !== undefined) replies.set(property, reply);
    }
    return { path, replies };
  });
}

/** @returns two readings as one. Their batches go out together, so it takes only as many batches as the longer of the two. */
export function* alongside<A, B>(first: Reading<A>, second: Reading<B>): Reading<readonly [A, B]> {
  let [a, b] = [first.next(), second.next()];
  while (a.done !== true || b.done !== true) {
    const left = a.done === true ? [] : a.value;
    const right = b.done === true ? [] : b.value;
    const replies: readonly QueryReply[] = yield [...left, ...right];
    if (a.done !== true) a = first.next(replies.slice(0, left.length));
    if (b.done !== true) b = second.next(replies.slice(left.length));
  }
  return [a.value, b.value];
}
