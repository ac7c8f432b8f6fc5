/** How many bytes are examined to recognize UTF-16 without a byte order mark. */
const SAMPLE = 4096;

/**
 * Decodes text: UTF-8, with or without a byte order mark; UTF-16 of both byte orders, as Windows PowerShell writes it, and without its mark
 * if the bytes can be nothing else; Windows-1252, which includes Latin-1, if no character is UTF-8. A UTF-8 text with a damaged character
 * counts as UTF-8, since the kernel cuts strings in the middle of a character. If one part of a file is UTF-16 and another is not, as
 * PowerShell's `>>` makes it, both parts are read.
 *
 * @returns the text without its mark. It has U+FFFD for bytes that are no character, and it may contain U+0000 if the bytes are no text
 */
export function decodeText(bytes: Uint8Array): string {
  const text = new TextDecoder(encodingOf(bytes)).decode(bytes);
  if (!text.includes('\0')) return text;
  const woven = text.replace(/(?:ÿþ|\ufffd\ufffd)?([^\0])\0/g, '$1');
  return woven.includes('\0') ? text : woven;
}

function encodingOf(bytes: Uint8Array): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  const order = unmarkedOrder(bytes.subarray(0, SAMPLE));
  if (order !== undefined) return order;
  return isUtf8(bytes) || hasUtf8(bytes) ? 'utf-8' : 'windows-1252';
}

/** Listings are ASCII except for names. So in UTF-16 nearly every other byte is 0, and none of the others. */
function unmarkedOrder(bytes: Uint8Array): string | undefined {
  const zeros = [0, 0];
  for (const [index, byte] of bytes.entries()) if (byte === 0) zeros[index % 2] = (zeros[index % 2] ?? 0) + 1;
  const [even = 0, odd = 0] = zeros;
  const most = bytes.length * 0.4;
  if (odd > most && even === 0) return 'utf-16le';
  return even > most && odd === 0 ? 'utf-16be' : undefined;
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** @returns whether the bytes contain a character of several bytes */
function hasUtf8(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    const more = byte >= 0xf0 && byte < 0xf5 ? 3 : byte >= 0xe0 ? 2 : byte >= 0xc2 ? 1 : 0;
    if (byte < 0x80 || more === 0 || byte >= 0xf5) continue;
    const rest = bytes.subarray(at + 1, at + 1 + more);
    if (rest.length === more && rest.every((one) => (one & 0xc0) === 0x80)) return true;
  }
  return false;
}
