import { verbatim } from './printable.js';

/** Linux takes paths of at most 4096 bytes (PATH_MAX): nothing longer is worth typing. */
const LONGEST = 4096;

/** Words that need no quotes, except as the program: zsh reads a word that begins with `=` as a program's path. */
const PLAIN = /^[\w@:,./+-][\w@%+=:,./-]*$/;

/**
 * Quotes a word for a shell; no other function does.
 *
 * @returns one word of a command line that a shell (sh, dash, bash, zsh) reads as `text` again. Undefined if a user can't type it as it
 *   is shown: control characters and line breaks (`$'…'` is none of POSIX's before 2024, and dash has none), marks that change the
 *   direction of text, invisible characters, bytes that were not Unicode, and text longer than any path. An empty word is `''`.
 */
export function shellWord(text: string): string | undefined {
  // U+FFFD replaces bytes that are lost
  if (verbatim(text, LONGEST) === undefined || text.includes('\ufffd')) return undefined;
  return PLAIN.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
