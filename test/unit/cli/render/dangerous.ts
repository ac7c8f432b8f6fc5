/** What a terminal would obey, our own colours and line feeds taken away. */
export function dangerous(text: string): string[] {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  const bare = text.replaceAll(/\u001b\[\d{1,2}m/g, '').replaceAll('\n', '');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return bare.match(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g) ?? [];
}
