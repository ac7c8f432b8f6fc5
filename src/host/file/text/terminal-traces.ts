import { replaced, type TextLine } from '../text-line.js';

/**
 * Colours, and the sequences that a shell sends before it reads a line (ECMA-48, SGR and EL; DEC private modes). Sequences that move the
 * cursor stay.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what they are
const COLORS = /\u001b\[[\d;]*[mK]|\u001b\[\?\d+[hl]|\u001b\(B/g;

/** A byte order mark inside a text, where two files were joined, and the zero-width blanks that pages add at the start of a line. */
const INVISIBLE = /\ufeff|^[\u200b\u2060]+/g;

/** Blanks of other widths, with which pages replace several blanks. */
const WIDE_BLANKS = /[\u00a0\u2000-\u200a\u202f\u205f\u3000]/g;

/** @returns whether blanks of other widths stay as they are: a single one belongs to a name */
export function hasPlainBlanks(text: string): boolean {
  return !/(?:^|\s)[\u00a0\u2000-\u200a\u202f\u205f\u3000]/m.test(text);
}

/** @returns a line without the characters that terminals and pages add */
export function withoutTraces(line: TextLine, plainBlanks: boolean): TextLine {
  const uncolored = replaced(line, COLORS, () => '');
  const visible = replaced(uncolored, INVISIBLE, () => '');
  return plainBlanks ? visible : replaced(visible, WIDE_BLANKS, () => ' ');
}

/** Turns the tabs at the start of a line into blanks: `unexpand` and editors make one tab of eight blanks. */
export function withoutTabs(line: TextLine): TextLine {
  if (!/^ *\t/.test(line.text)) return line;
  let column = 0;
  return replaced(line, /[ \t]/gy, ([blank]) => {
    const width = blank === '\t' ? 8 - (column % 8) : 1;
    column += width;
    return ' '.repeat(width);
  });
}
