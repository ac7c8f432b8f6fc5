import type { TextLine } from '../text-line.js';

/** The line ends of Unix, of Windows, of Windows with the extra CR of a terminal, and of old Macs. */
const ENDS = /\r*\n|\r/g;

/** Line ends that hardly any program writes; they count only if there are no others. */
const RARE_ENDS = /[\u0085\u2028\u2029]/g;

/** @returns the lines of a text as they are, without their ends; the last one is left out if it is empty */
export function* physicalLines(text: string): Generator<TextLine, void> {
  const ends = /[\r\n]/.test(text) ? ENDS : RARE_ENDS;
  let number = 0;
  let start = 0;
  for (const end of text.matchAll(ends)) {
    yield { number: ++number, text: text.slice(start, end.index), pieces: [] };
    start = end.index + end[0].length;
  }
  if (start < text.length) yield { number: ++number, text: text.slice(start), pieces: [] };
}
