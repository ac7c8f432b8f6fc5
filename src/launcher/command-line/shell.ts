import { isUnsafe } from '../../diag/index.js';
import { type QemuOption, wordsOf } from './argv.js';

/**
 * A command line to read and to paste: one option a line, each but the last ended with a backslash.
 *
 * @param binary - the program
 * @param options - as `buildArgv` makes them
 */
export function formatArgv(binary: string, options: readonly QemuOption[]): string {
  const lines = [shellQuote(binary), ...options.map((option) => `  ${wordsOf(option).map(shellQuote).join(' ')}`)];
  return lines.join(' \\\n');
}

/**
 * @returns a word that a POSIX shell reads as `word`, without any character that a terminal would act upon: those are made
 *   by `printf` in the shell
 */
export function shellQuote(word: string): string {
  if (/^[A-Za-z0-9_@:,./+-][A-Za-z0-9_@%+=:,./-]*$/.test(word)) return word;
  const parts: string[] = [];
  let plain = '';
  const flush = (): void => {
    if (plain !== '') parts.push(`'${plain.replaceAll("'", String.raw`'\''`)}'`);
    plain = '';
  };
  for (const character of word) {
    if (character === '\n' || !isUnsafe(character)) {
      plain += character;
      continue;
    }
    flush();
    parts.push(printed(character));
  }
  flush();
  return parts.length === 0 ? "''" : parts.join('');
}

/** A line feed would be lost: `$( )` drops those at its end. It stays between plain quotes. */
function printed(character: string): string {
  const bytes = [...new TextEncoder().encode(character)].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`);
  return `"$(printf '${bytes.join('')}')"`;
}
