// biome-ignore lint/suspicious/noControlCharactersInRegex: our own colours start with an escape character
const COLOR = /\u001b\[[0-9;]*m/g;

/** East Asian wide and fullwidth characters, and emoji: two columns (Unicode, UAX 11). */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]/u;

const COMBINING = /\p{Mn}|\p{Me}/u;

function columnsOf(character: string): number {
  if (COMBINING.test(character)) return 0;
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
 * @returns the text, or its start with `…` where it takes more than `columns`
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

/** The least that a text is cut to. */
const LEAST = 12;

/**
 * @param before - what stands before it on the line
 * @param columns - of the terminal; undefined where there is none, and nothing is cut
 * @returns the columns left on the line, and never fewer than a word needs: then the terminal breaks the line
 */
export function roomAfter(before: string, columns: number | undefined): number {
  return columns === undefined ? Number.POSITIVE_INFINITY : atLeast(columns - width(before));
}

/** @returns so many columns, and never fewer than a word needs */
export function atLeast(columns: number): number {
  return Math.max(LEAST, columns);
}

/**
 * @param indent - before every line but the first
 * @returns the text in lines of at most `columns`, broken between words; a word that is longer stands alone
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
