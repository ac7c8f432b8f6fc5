import { verbatim } from './printable.js';

/** Linux takes paths of at most 4096 bytes (PATH_MAX): nothing longer is worth typing. */
const LONGEST = 4096;

/** What a shell reads as it stands, anywhere but in the place of the program: zsh takes a word that begins with `=` for a program's path. */
const PLAIN = /^[\w@:,./+-][\w@%+=:,./-]*$/;

/**
 * The only place where a word is quoted for a shell.
 *
 * @returns one word of a command line that a shell (sh, dash, bash, zsh) reads as `text` again. Undefined where nobody could type it as it
 *   is shown: control characters and line breaks (`$'…'` is none of POSIX's before 2024, and dash has none), marks that change the
 *   direction of text, invisible characters, bytes that were no Unicode, and what is longer than any path. An empty word is `''`.
 */
export function shellWord(text: string): string | undefined {
  // U+FFFD stands for bytes that are not known any more
  if (verbatim(text, LONGEST) === undefined || text.includes('\ufffd')) return undefined;
  return PLAIN.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
