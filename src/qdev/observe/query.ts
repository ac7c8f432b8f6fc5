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

/** @returns the lines of a `qom-list`; none where the object has gone or the reply is not what it should be */
export function listed(reply: QueryReply | undefined): QomProperty[] {
  const value = okOf(reply);
  if (!Array.isArray(value)) return [];
  return value.filter(
    (one): one is QomProperty =>
      typeof one === 'object' && one !== null && typeof one.name === 'string' && typeof one.type === 'string',
  );
}

/** @returns the value of a reply that is a string and not empty */
export function textOf(reply: QueryReply | undefined): string | undefined {
  const value = okOf(reply);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** @returns the value of a reply that is a whole number */
export function numberOf(reply: QueryReply | undefined): number | undefined {
  const value = okOf(reply);
  return Number.isSafeInteger(value) ? (value as number) : undefined;
}

/** @returns what a reply held; undefined for an error */
export function okOf(reply: QueryReply | undefined): unknown {
  return reply !== undefined && 'ok' in reply ? reply.ok : undefined;
}

/** @returns T of `child<T>`, or undefined for any other property */
export function childType({ type }: QomProperty): string | undefined {
  return /^child<(.+)>$/.exec(type)?.[1];
}

/** @returns T and the number of a bus's `child[3]: link<T>`, the devices on it in the order of their creation */
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
 * @returns for each object, in the same order, its replies by property
 */
export function* getAll(
  wanted: readonly { readonly path: string; readonly properties: readonly string[] }[],
): Reading<ReadonlyMap<string, QueryReply>[]> {
  const commands = wanted.flatMap(({ path, properties }) => properties.map((property) => qomGet(path, property)));
  const replies = commands.length === 0 ? [] : yield commands;
  let at = 0;
  return wanted.map(({ properties }) => {
    const found = new Map<string, QueryReply>();
    for (const property of properties) {
      const reply = replies[at++];
      if (reply !== undefined) found.set(property, reply);
    }
    return found;
  });
}

/** @returns two readings as one: their batches go out together, so that it takes no more of them than the longer does */
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
