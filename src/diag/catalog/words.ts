import { printable } from '../printable.js';

/** A port of the VM, and the speed of a device there in Mb/s; undefined where QEMU does not say, or has not attached the device. */
export interface PortPlace {
  readonly bus: string;
  readonly port: string | undefined;
  readonly megabits: number | undefined;
}

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
