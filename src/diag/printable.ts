import { isUnsafe, oneLine } from './unsafe.js';

/** @returns the text as it is where that is safe to show (a backslash is) and short enough, for text that a user copies */
export function verbatim(text: string, limit = 1024): string | undefined {
  return text.length <= limit && !isUnsafe(text) ? text : undefined;
}

/** One escape or one character of escaped text, which a cut must not divide. */
const WHOLE = /\\x..|\\u....|\\.|./gu;

/**
 * Makes text from outside (USB strings, file names, guest output) safe to show on a terminal or in a log: what `oneLine` escapes, and
 * each backslash doubled, so that what is printed can be read back without doubt.
 *
 * @param text - text of any origin
 * @param limit - longest result in UTF-16 units; a longer text is cut and ends with `…`
 * @returns the text with every unsafe character written as `\n`, `\x1b` or `\u202e`
 */
export function printable(text: string, limit = 1024): string {
  const escaped = oneLine(text.slice(0, limit).replaceAll('\\', '\\\\'));
  if (text.length <= limit && escaped.length <= limit) return escaped;
  let shown = '';
  for (const [whole] of escaped.matchAll(WHOLE)) {
    if (shown.length + whole.length > limit - 1) break;
    shown += whole;
  }
  return `${shown}…`;
}
