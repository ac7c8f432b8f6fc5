/**
 * Makes text from outside (USB strings, file names, guest output) safe to show on a terminal or in a log.
 *
 * Escaped: C0 and C1 controls (so no escape sequence survives), DEL, line and paragraph separators, the Unicode marks
 * that change the direction of text, zero-width characters and the byte-order mark, and lone surrogates. A backslash is
 * doubled, so that what is printed can be read back without doubt.
 */
const UNSAFE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: naming control characters is what this rule is for
  /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\\]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\\': '\\\\' };

/** @returns the text as it is where that is safe to show (a backslash is) and short enough: what somebody is to write down */
export function verbatim(text: string, limit = 1024): string | undefined {
  return text.length <= limit && text.replaceAll('\\', '/').search(UNSAFE) < 0 ? text : undefined;
}

/** One escape or one character of escaped text: what a cut must not divide. */
const WHOLE = /\\x..|\\u....|\\.|./gu;

function escapeOne(character: string): string {
  const short = SHORT[character];
  if (short !== undefined) return short;
  const code = character.charCodeAt(0);
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
}

/**
 * @param text - text of any origin
 * @param limit - longest result in UTF-16 units; what is over is cut and marked with `…`
 * @returns the text with every unsafe character written as `\n`, `\x1b` or `\u202e`
 */
export function printable(text: string, limit = 1024): string {
  const escaped = text.slice(0, limit).replace(UNSAFE, escapeOne);
  if (text.length <= limit && escaped.length <= limit) return escaped;
  let shown = '';
  for (const [whole] of escaped.matchAll(WHOLE)) {
    if (shown.length + whole.length > limit - 1) break;
    shown += whole;
  }
  return `${shown}…`;
}
