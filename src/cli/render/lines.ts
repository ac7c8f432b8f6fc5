/**
 * Text for people: reports, plans, topologies, host devices and findings come in, with the colours and the columns of a terminal; lines of
 * text go out.
 */

import { oneLine } from '../../diag/index.js';

/** @returns the text without line breaks. Our own colours stay in it; the rest is escaped where it is written */
export function unbroken(text: string): string {
  return text.split('\n').join(oneLine('\n'));
}

/**
 * @param texts - of one line each
 * @returns the texts below one another; a line break in a text from outside begins no line of its own
 */
export function lines(texts: readonly string[]): string {
  return texts.map(unbroken).join('\n');
}
