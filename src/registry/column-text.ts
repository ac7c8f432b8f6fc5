import type { ProcessIdentity } from '../base/index.js';
import { GUARD_KINDS, type GuardKind } from '../diag/index.js';

/** @returns who a process is as a column holds it */
export function textOf(process: ProcessIdentity | undefined): string | null {
  return process === undefined ? null : `${process.pid} ${process.startTime} ${process.bootId}`;
}

/** The reverse. */
export function processOf(value: string | null | undefined): ProcessIdentity | undefined {
  if (value == null) return undefined;
  const [pid, startTime, bootId = ''] = value.split(' ');
  return { pid: Number(pid), startTime: Number(startTime), bootId };
}

/**
 * @returns the list in a column of JSON
 * @throws SyntaxError where a text is no JSON, or no list of these
 */
export function listOf<T>(json: string, isOne: (value: unknown) => value is T): T[] {
  const value: unknown = JSON.parse(json);
  if (!Array.isArray(value) || !value.every(isOne)) throw new SyntaxError('a list in it holds something else');
  return value;
}

/** @returns the guards that this qplug knows; none where an older one has written none */
export function guardsOf(value: unknown): GuardKind[] {
  return Array.isArray(value) ? GUARD_KINDS.filter((kind) => value.includes(kind)) : [];
}
