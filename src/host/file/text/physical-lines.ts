import type { TextLine } from '../text-line.js';

/** Unix, Windows, Windows twice over (a terminal adds a CR of its own), old Mac. */
const ENDS = /\r*\n|\r/g;

/** Ends that hardly any program writes; they count where there are no others. */
const RARE_ENDS = /[\u0085\u2028\u2029]/g;

/** @returns the lines of a text as they stand in it, without their ends; the last is left out where it is empty */
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
