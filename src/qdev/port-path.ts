/** Port paths as QEMU writes them: `2` is a root port, `2.3` port 3 of the hub on it (hw/usb/bus.c, usb_port_location). */

/** The longest chain of hubs that QEMU builds; a sixth fails with "usb hub chain too deep" (hw/usb/dev-hub.c). */
export const MAX_HUB_CHAIN = 5;

/**
 * @param text - what should be a port path: decimal numbers from 1, without leading zeros, joined by dots
 * @returns its numbers from the root port down, or undefined when it is anything else. QEMU compares paths as strings, so
 *   `02` is not port 2. A number has at most six digits; otherwise any number and any depth will do.
 */
export function parsePort(text: string): readonly number[] | undefined {
  if (!/^[1-9]\d{0,5}(?:\.[1-9]\d{0,5})*$/.test(text)) return undefined;
  return text.split('.').map(Number);
}

/** @returns QEMU's form of port numbers, root port first */
export function formatPort(numbers: readonly number[]): string {
  return numbers.join('.');
}

/** @returns the things in the order that `comparePorts` gives their ports; it parses each path only once */
export function sortByPort<T extends { readonly port: string }>(things: readonly T[]): T[] {
  return things
    .map((thing) => ({ thing, port: thing.port, numbers: parsePort(thing.port) }))
    .sort(compareParsed)
    .map(({ thing }) => thing);
}

/**
 * Orders port paths by their numbers, a hub before what sits behind it: `2`, `2.1`, `2.10`, `10`.
 * Text that is not a port path comes last, in text order.
 *
 * @returns negative, zero or positive, as `Array.prototype.sort` wants it
 */
export function comparePorts(a: string, b: string): number {
  return compareParsed({ port: a, numbers: parsePort(a) }, { port: b, numbers: parsePort(b) });
}

interface ParsedPort {
  readonly port: string;
  readonly numbers: readonly number[] | undefined;
}

function compareParsed({ port: a, numbers: left }: ParsedPort, { port: b, numbers: right }: ParsedPort): number {
  if (left === undefined || right === undefined) {
    if (left !== undefined) return -1;
    if (right !== undefined) return 1;
    return a < b ? -1 : a > b ? 1 : 0;
  }
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

/** @returns the port of the hub that has this port, or undefined for a root port */
export function parentPort(path: string): string | undefined {
  const dot = path.lastIndexOf('.');
  return dot < 0 ? undefined : path.slice(0, dot);
}

/** @returns port `n` (from 1) of the hub at `path` */
export function childPort(path: string, n: number): string {
  return `${path}.${n}`;
}

/** @returns 1 for a root port, plus 1 for each hub above the port */
export function portDepth(path: string): number {
  return path.split('.').length;
}
