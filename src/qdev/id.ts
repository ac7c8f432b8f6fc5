/** Ids of QEMU devices: which are valid, and how qplug names what it adds. */

/**
 * @returns whether every QEMU version takes it as an id: a letter, then letters, digits, `-`, `.` and `_`
 *   (util/id.c, id_wellformed; 9.2 to 10.2 take any text, but then cannot address the device)
 */
export function isQemuId(text: string): boolean {
  return /^[A-Za-z][A-Za-z0-9\-._]*$/.test(text);
}

/** @returns the parts joined by `-`, with `_` for each character that an id cannot have, and a `q` in front where no letter is first */
export function makeId(...parts: readonly (string | number)[]): string {
  const joined = parts.map((part) => String(part).replace(/[^A-Za-z0-9\-._]/g, '_')).join('-');
  return isQemuId(joined) ? joined : `q${joined}`;
}

/** The start of every id that qplug makes by itself. */
const PREFIX = 'qplug-';

/** @returns whether qplug made this id */
export function isOurs(id: string): boolean {
  return id.startsWith(PREFIX);
}

/** The identity of a passed-through device: its USB ids and its port on the host. */
export interface IdAndPort {
  readonly vendorId: number;
  readonly productId: number;
  /** Bus and port chain of the host: `1-2.3`. */
  readonly port: string;
}

const hex4 = (value: number): string => value.toString(16).padStart(4, '0');

/** @returns the id of a passed-through device, which holds its identity: `qplug-0781-5567-1-2.3` */
export function deviceId({ vendorId, productId, port }: IdAndPort): string {
  return makeId(`${PREFIX}${hex4(vendorId)}`, hex4(productId), port);
}

/** @returns what `deviceId` was given, also where `uniqueId` added a number; undefined for any other id */
export function parseDeviceId(id: string): IdAndPort | undefined {
  const match = /^qplug-([0-9a-f]{4})-([0-9a-f]{4})-(\d+-\d+(?:\.\d+)*)(?:_\d+)?$/.exec(id);
  if (match?.[1] === undefined || match[2] === undefined || match[3] === undefined) return undefined;
  return { vendorId: Number.parseInt(match[1], 16), productId: Number.parseInt(match[2], 16), port: match[3] };
}

/** @returns the id of a hub that qplug adds at a port: `qplug-hub-xhci.0-2.3` */
export function hubId(bus: string, port: string): string {
  return makeId(`${PREFIX}hub`, bus, port);
}

/** @returns `base`, or `base_2`, `base_3`, … : the first that is not taken */
export function uniqueId(base: string, taken: ReadonlySet<string>): string {
  if (!taken.has(base)) return base;
  let n = 2;
  while (taken.has(`${base}_${n}`)) n++;
  return `${base}_${n}`;
}
