/**
 * Decodes the escapes of fs/seq_file.c, mangle_path: in /proc/swaps and mountinfo, blanks and backslashes are written as three octal
 * digits.
 */
export function unescapeOctal(text: string): string {
  return text.replace(/\\([0-3][0-7]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
