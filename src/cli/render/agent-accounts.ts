import { printable } from '../../diag/index.js';
import { table } from './table.js';

/** @returns a table of the agent's accounts; text from the socket is untrusted, like all input */
export function renderAccounts(accounts: unknown): string {
  const rows = (Array.isArray(accounts) ? accounts : []).flatMap((one): string[][] => {
    if (typeof one !== 'object' || one === null) return [];
    const { vm, label, condition } = one as Readonly<Record<string, unknown>>;
    const { is } = (condition ?? {}) as Readonly<Record<string, unknown>>;
    return [[vm, is, label].map((cell) => printable(String(cell ?? '')))];
  });
  return rows.length === 0 ? 'no VM has, had, or is to have a device' : table([['VM', 'STATE', 'DEVICE'], ...rows]);
}
