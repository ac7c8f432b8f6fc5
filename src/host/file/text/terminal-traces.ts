import { replaced, type TextLine } from '../text-line.js';

/** Colours, and what a shell sends before it reads a line (ECMA-48, SGR and EL; DEC private modes). What moves the cursor stays. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what they are
const COLORS = /\u001b\[[\d;]*[mK]|\u001b\[\?\d+[hl]|\u001b\(B/g;

/** A mark of byte order in the middle, where two files were put together; blanks without width that pages put in front. */
const INVISIBLE = /\ufeff|^[\u200b\u2060]+/g;

/** Blanks of other widths, which pages put in place of several. */
const WIDE_BLANKS = /[\u00a0\u2000-\u200a\u202f\u205f\u3000]/g;

/** @returns whether blanks of other widths are left as they are: where they stand alone they belong to names */
export function hasPlainBlanks(text: string): boolean {
  return !/(?:^|\s)[\u00a0\u2000-\u200a\u202f\u205f\u3000]/m.test(text);
}

/** @returns a line without what terminals and pages put into it */
export function withoutTraces(line: TextLine, plainBlanks: boolean): TextLine {
  const uncolored = replaced(line, COLORS, () => '');
  const visible = replaced(uncolored, INVISIBLE, () => '');
  return plainBlanks ? visible : replaced(visible, WIDE_BLANKS, () => ' ');
}

/** Tabs in front of a line become blanks: `unexpand` and editors make tabs of eight. */
export function withoutTabs(line: TextLine): TextLine {
  if (!/^ *\t/.test(line.text)) return line;
  let column = 0;
  return replaced(line, /[ \t]/gy, ([blank]) => {
    const width = blank === '\t' ? 8 - (column % 8) : 1;
    column += width;
    return ' '.repeat(width);
  });
}
