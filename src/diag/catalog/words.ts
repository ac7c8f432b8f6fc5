import { printable } from '../printable.js';

/** @returns names, safe to print and separated by commas */
export function list(names: readonly string[]): string {
  return names.map((name) => printable(name)).join(', ');
}

/** @returns a word of a file or of a command line between backticks, safe to print */
export function quote(word: string): string {
  return `\`${printable(word, 160)}\``;
}

/** @returns what QEMU printed last, as a clause */
export function lastWords(lines: readonly string[]): string {
  return lines.length === 0
    ? 'it printed nothing'
    : `its last lines: ${lines.map((line) => printable(line)).join(' | ')}`;
}
