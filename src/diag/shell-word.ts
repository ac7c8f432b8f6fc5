import { printable } from './printable.js';

/** @returns one word of a shell command, quoted where it has to be, and safe to print */
export function shellWord(text: string): string {
  const safe = printable(text);
  return /^[\w@%+=:,./-]+$/.test(safe) ? safe : `'${safe.replaceAll("'", "'\\''")}'`;
}
