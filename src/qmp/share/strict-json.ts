/**
 * Writes QEMU's kind of JSON as JSON: QEMU takes strings in single quotes as well, and people type them (qobject/json-lexer.c). In a string
 * an escaped single quote becomes a plain one.
 *
 * @param text - one message
 * @returns the same with double quotes only; for a text that is not QEMU's JSON either, some other text that is not JSON
 */
export function strictJson(text: string): string {
  let out = '';
  let quote = '';
  for (let at = 0; at < text.length; at++) {
    const one = text.charAt(at);
    if (quote === '') {
      if (one === '"' || one === "'") quote = one;
      out += quote === '' ? one : '"';
    } else if (one === '\\') {
      at++;
      out += text.charAt(at) === "'" ? "'" : `\\${text.charAt(at)}`;
    } else if (one === quote) {
      quote = '';
      out += '"';
    } else {
      out += one === '"' ? '\\"' : one;
    }
  }
  return out;
}
