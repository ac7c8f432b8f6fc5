/** Lines of a text by offsets. Offsets count UTF-16 units; a line ends with its `\n`, possibly after a `\r`. */

/** @returns the offset at which the line of `at` begins */
export function lineStart(text: string, at: number): number {
  return text.lastIndexOf('\n', at - 1) + 1;
}

/** @returns the offset after the line of `at`: of the next line, or of the end of the text */
export function nextLine(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  return end < 0 ? text.length : end + 1;
}

/** @returns the line break in use around `at`; `\n` in a text of one line */
export function lineBreak(text: string, at: number): '\n' | '\r\n' {
  const before = text.lastIndexOf('\n', at - 1);
  const found = before < 0 ? text.indexOf('\n') : before;
  return found > 0 && text[found - 1] === '\r' ? '\r\n' : '\n';
}

/** @returns whether there are only blanks between the beginning of the line of `at` and `at` */
export function isFirstOnLine(text: string, at: number): boolean {
  return text.slice(lineStart(text, at), at).trim() === '';
}

/** @returns the offset of the next thing in a flow collection, past blanks, line breaks and comments */
export function skipBlanks(text: string, from: number): number {
  const blank = /(?:\s|(?<=\s)#[^\n]*)*/y;
  blank.lastIndex = from;
  return from + (blank.exec(text)?.[0].length ?? 0);
}
