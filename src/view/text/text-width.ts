// biome-ignore lint/suspicious/noControlCharactersInRegex: our own colours start with an escape character
const COLOR = /\u001b\[[0-9;]*m/g;

/**
 * Characters that take two columns: East Asian wide and fullwidth characters (Unicode, UAX 11), and emoji that are pictures by themselves.
 * Each half of a flag takes one.
 */
const WIDE =
  /[\u1100-\u115f\u2329\u232a\u2e80-\u303e\u3041-\u3247\u3250-\u4dbf\u4e00-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18cff}\u{1aff0}-\u{1b2ff}\u{1f200}-\u{1f265}\u{20000}-\u{3fffd}]|(?![\u{1f1e6}-\u{1f1ff}])\p{Emoji_Presentation}/u;

/** Characters that take no column: marks on the character before, the later parts of a Hangul syllable, and invisible characters. */
const NO_COLUMN = /[\p{Mn}\p{Me}\u1160-\u11ff\ud7b0-\ud7ff\u200b-\u200f\u2060-\u206f\ufeff\u{e0000}-\u{e007f}]/u;

function columnsOf(character: string): number {
  if (character >= ' ' && character <= '~') return 1;
  if (NO_COLUMN.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}

/** @returns the columns that a text takes on a terminal; our own colours take none */
export function width(text: string): number {
  let sum = 0;
  for (const character of text.replace(COLOR, '')) sum += columnsOf(character);
  return sum;
}

/** @returns the text with spaces after it, so that it takes `columns` */
export function pad(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - width(text)));
}

/**
 * @param text - without colours
 * @returns the text, or its start with `…` if it takes more than `columns`
 */
export function cut(text: string, columns: number): string {
  if (width(text) <= columns) return text;
  let kept = '';
  let left = columns - 1;
  for (const character of text) {
    left -= columnsOf(character);
    if (left < 0) break;
    kept += character;
  }
  return `${kept}…`;
}

/** One escape of `printable`, or one character with its marks. A cut must not divide it. */
const WHOLE = /\\x[0-9a-f]{2}|\\u[0-9a-f]{4}|\\.|.[\p{Mn}\p{Me}]*/gsu;

/**
 * Shortens in the middle, because the end of a label says where a device is. The start keeps two thirds of the columns.
 *
 * @param text - printable, without colours
 * @returns the text, or its start and end with `…` between them if it takes more than `columns`
 */
export function shorten(text: string, columns: number): string {
  if (width(text) <= columns) return text;
  const parts = text.match(WHOLE) ?? [];
  const tail = Math.floor((columns - 1) / 3);
  let end = '';
  for (let index = parts.length - 1; index >= 0; index--) {
    const longer = (parts[index] ?? '') + end;
    if (width(longer) > tail) break;
    end = longer;
  }
  const room = columns - 1 - width(end);
  let start = '';
  for (const part of parts) {
    if (width(start) + width(part) > room) break;
    start += part;
  }
  return columns < 1 ? '' : `${start}…${end}`;
}

/** The smallest number of columns that a text is cut to. */
const LEAST = 12;

/**
 * @param before - the text before it on the line
 * @param columns - the columns of the terminal; undefined without a terminal, and nothing is cut then
 * @returns the columns left on the line, but at least 12; if there are fewer, the terminal breaks the line
 */
export function roomAfter(before: string, columns: number | undefined): number {
  return columns === undefined ? Number.POSITIVE_INFINITY : atLeast(columns - width(before));
}

/** @returns the same number of columns, but at least 12 */
export function atLeast(columns: number): number {
  return Math.max(LEAST, columns);
}

/**
 * @param indent - goes before every line except the first
 * @returns the text in lines of at most `columns`, broken between words; a longer word has a line of its own
 */
export function wrap(text: string, columns: number, indent = ''): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && width(line) + 1 + width(word) > columns) {
      lines.push(line);
      line = indent + word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  lines.push(line);
  return lines;
}
