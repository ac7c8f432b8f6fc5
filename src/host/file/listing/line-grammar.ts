import type { FileFindings } from '../file-findings.js';
import type { TextLine } from '../text-line.js';

/** One `Label=value` of a line. */
export interface Field<T> {
  /** As it is written before the equals sign: `Dev#`. */
  readonly label: string;
  /** The form of a value; the pattern is sticky, so that it matches only at the expected place. */
  readonly pattern: RegExp;
  /** @returns the value, or undefined when it is out of range */
  readonly read: (match: RegExpExecArray) => T | undefined;
  readonly least?: number | undefined;
  readonly most?: number | undefined;
  /** The value if nothing follows the equals sign; by default something must. */
  readonly empty?: T | undefined;
  /** The field may be missing; its value is then undefined. */
  readonly optional?: boolean | undefined;
}

/** The fields of a kind of line, in their order. */
export type Fields<T> = { readonly [K in keyof T]: Field<T[K]> };

/** @returns a field with a whole number from `least` to `most`, decimal, or hexadecimal after `0x` */
export function decimal(label: string, least: number, most: number): Field<number> {
  const read = ([text]: RegExpExecArray): number | undefined => within(Number(text), least, most);
  return { label, pattern: /0x[0-9a-f]{1,4}|\d{1,6}/iy, read, least, most };
}

/** @returns a field with a number of this many hexadecimal digits */
export function hexadecimal(label: string, digits: number): Field<number> {
  return {
    label,
    pattern: new RegExp(`[0-9a-f]{${digits}}(?![0-9a-f])`, 'iy'),
    read: ([text]) => Number.parseInt(text, 16),
  };
}

/** A number and the words after it in parentheses: `03(Int.)`. */
export interface Labelled {
  readonly value: number;
  readonly words: string;
}

/** @returns a field with a two-digit hexadecimal number and words in parentheses */
export function labelled(label: string): Field<Labelled> {
  return {
    label,
    pattern: /([0-9a-f]{2})\(([^()]{0,16})\)/iy,
    read: ([, value = '', words = '']) => ({ value: Number.parseInt(value, 16), words: words.trim() }),
  };
}

/** @returns a field whose value is any text without blanks; it may be empty */
export function word(label: string): Field<string> {
  return { label, pattern: /\S*/y, read: ([text]) => text };
}

/** @returns the same field, which may be missing */
export function optional<T>(field: Field<T>): Field<T | undefined> {
  return { ...field, optional: true };
}

function within(value: number, least: number, most: number): number | undefined {
  return value >= least && value <= most ? value : undefined;
}

/**
 * Reads the fields of a line, in their order. Blanks may surround each value, because the kernel pads them.
 *
 * @param from - where the fields begin, in characters
 * @returns their values; undefined when one is missing or wrong, with a finding that names the field and its column
 */
export function readFields<T>(fields: Fields<T>, line: TextLine, from: number, findings: FileFindings): T | undefined {
  const { text } = line;
  const values: Record<string, unknown> = {};
  let at = skipBlanks(text, from);
  for (const [name, { label, pattern, read, least, most, empty, optional: dispensable }] of Object.entries<
    Field<unknown>
  >(fields)) {
    if (!text.startsWith(`${label}=`, at)) {
      if (dispensable === true) continue;
      findings.line('field-missing', line, { field: `${label}=`, column: at + 1 });
      return undefined;
    }
    const start = skipBlanks(text, at + label.length + 1);
    if (empty !== undefined && ANOTHER.test(text.slice(start, start + 20))) {
      values[name] = empty;
      at = start;
      continue;
    }
    pattern.lastIndex = start;
    const match = pattern.exec(text);
    const end = start + (match?.[0].length ?? 0);
    if (match === null || !/^(\s|$)/.test(text.slice(end, end + 1))) {
      findings.line('field-value', line, { field: label, column: start + 1 });
      return undefined;
    }
    const value = read(match);
    if (value === undefined) {
      findings.line('field-range', line, { field: label, told: least, seen: most, column: start + 1 });
      return undefined;
    }
    values[name] = value;
    at = skipBlanks(text, end);
  }
  if (at < text.length) findings.line('rest', line, { column: at + 1 });
  return values as T;
}

/** The end of the line, or the next label. */
const ANOTHER = /^(?:$|[A-Za-z#]+=)/;

const BLANK = /\s/;

function skipBlanks(text: string, from: number): number {
  let at = from;
  while (at < text.length && BLANK.test(text.charAt(at))) at++;
  return at;
}
