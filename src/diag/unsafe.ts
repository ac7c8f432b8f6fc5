/**
 * Characters that must not reach a terminal, a log or another reader raw: C0 and C1 controls (so no escape sequence survives), DEL, line and
 * paragraph separators, the Unicode marks that change the direction of text, invisible characters of no width (the soft
 * hyphen, joiners, the byte-order mark, tags), and lone surrogates. The one list of them.
 */
const UNSAFE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: naming control characters is what this rule is for
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|\u034f|\udb40[\udc00-\udc7f]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** @returns whether a text has characters that must not be shown as they are */
export function isUnsafe(text: string): boolean {
  return text.search(UNSAFE) >= 0;
}

/**
 * Escapes only unsafe characters: it leaves the output of `printable` as it is, so callers may call it again.
 *
 * @returns a text of one line, with `\n`, `\x1b` or `\u202e` where an unsafe character was
 */
export function oneLine(text: string): string {
  return text.replace(UNSAFE, (found) => SHORT[found] ?? unitsOf(found, shortest));
}

/** @returns a text of several lines, safe like `oneLine`: its line breaks stay */
export function safeLines(text: string): string {
  return text.replace(UNSAFE, (found) => (found === '\n' ? found : (SHORT[found] ?? unitsOf(found, shortest))));
}

/**
 * @param json - a JSON text as `JSON.stringify` makes it
 * @returns a JSON text of the same value with `\u009b` for each unsafe character; its own line breaks stay
 */
export function safeJson(json: string): string {
  return json.replace(UNSAFE, (found) => (found === '\n' ? found : unitsOf(found, fourDigits)));
}

function unitsOf(text: string, spell: (unit: number) => string): string {
  let spelled = '';
  for (let index = 0; index < text.length; index++) spelled += spell(text.charCodeAt(index));
  return spelled;
}

function shortest(unit: number): string {
  return unit < 0x100 ? `\\x${unit.toString(16).padStart(2, '0')}` : fourDigits(unit);
}

function fourDigits(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, '0')}`;
}
