import { formatProcess, type ProcessIdentity, parseProcess } from '../../base/index.js';
import { GUARD_KINDS, type GuardKind } from '../../diag/index.js';
import type { DatabaseRow } from '../store.js';
import type { ClaimOwner } from './claim.js';

/** @returns a process identity as column text */
export function textOf(process: ProcessIdentity | undefined): string | null {
  return process === undefined ? null : formatProcess(process).replaceAll('_', ' ');
}

/** @returns the process identity in column text; undefined if there is none. @throws SyntaxError for any other text */
export function processOf(value: string | null | undefined): ProcessIdentity | undefined {
  if (value == null) return undefined;
  const process = parseProcess(value.replaceAll(' ', '_'));
  if (process === undefined) throw new SyntaxError('a process in it is not valid');
  return process;
}

/** @returns the VM in the columns `vm`, `socket`, `process` and `socket_file` */
export function ownerOf(row: DatabaseRow): ClaimOwner {
  return {
    vm: row['vm'] ?? '',
    socket: row['socket'] ?? '',
    process: processOf(row['process']),
    socketFile: row['socket_file'] ?? undefined,
  };
}

/**
 * @returns the list in a column of JSON
 * @throws SyntaxError if the text is not JSON, or not such a list
 */
export function listOf<T>(json: string, isOne: (value: unknown) => value is T): T[] {
  const value: unknown = JSON.parse(json);
  if (!Array.isArray(value) || !value.every(isOne)) throw new SyntaxError('a list in it holds something else');
  return value;
}

/** @returns the guards that this qplug knows; none from an older release */
export function guardsOf(value: unknown): GuardKind[] {
  return Array.isArray(value) ? GUARD_KINDS.filter((kind) => value.includes(kind)) : [];
}
