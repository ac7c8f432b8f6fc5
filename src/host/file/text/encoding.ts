/** How many bytes are looked at to tell UTF-16 that bears no mark. */
const SAMPLE = 4096;

/**
 * Makes text of bytes: UTF-8, with or without its mark; UTF-16 of both byte orders, as Windows PowerShell writes it, without its mark
 * too where nothing else it can be; Windows-1252, which has Latin-1 in it, for what is not UTF-8 anywhere. A UTF-8 text of which
 * a character is damaged stays one: the kernel cuts strings in the middle of a character. Where one part of a file is UTF-16 and another
 * is not, as `>>` of PowerShell makes it, both are read.
 *
 * @returns the text without its mark. It has U+FFFD for what is none, and may have U+0000 in it: then the bytes are no text
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

/** Listings are ASCII but for names: of UTF-16, every other byte is 0, and none of the rest. */
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

/** @returns whether a character of several bytes stands anywhere in it */
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
