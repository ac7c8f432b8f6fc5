import { isUnsafe } from '../../diag/index.js';
import { type QemuOption, wordsOf } from './argv.js';

/**
 * Formats a command line for reading and pasting: one option a line, with a backslash at the end of each line but the last.
 *
 * @param binary - the program
 * @param options - as `buildArgv` makes them
 */
export function formatArgv(binary: string, options: readonly QemuOption[]): string {
  const lines = [shellQuote(binary), ...options.map((option) => `  ${wordsOf(option).map(shellQuote).join(' ')}`)];
  return lines.join(' \\\n');
}

/**
 * @returns a word that a POSIX shell reads as `word`, without control characters that a terminal would interpret: `printf` produces
 *   those in the shell
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

/** Keeps a line feed between plain quotes, because `$( )` drops line feeds at its end. */
function printed(character: string): string {
  const bytes = [...new TextEncoder().encode(character)].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`);
  return `"$(printf '${bytes.join('')}')"`;
}
