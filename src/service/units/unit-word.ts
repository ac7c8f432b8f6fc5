import { isUnsafe } from '../../diag/index.js';

/** Linux takes paths of at most 4096 bytes (PATH_MAX). */
const LONGEST = 4096;

/**
 * Quotes a word for `ExecStart=` (systemd.syntax(7), "Quoting"; systemd.unit(5), "Specifiers").
 *
 * @returns undefined for a word that nobody can check by reading the unit: with control characters, line breaks, invisible characters, or
 *   bytes that are not Unicode
 */
export function unitWord(text: string): string | undefined {
  // U+FFFD replaces bytes that are lost
  if (text.length > LONGEST || isUnsafe(text) || text.includes('\ufffd')) return undefined;
  return `"${text.replaceAll(/[\\"]/g, '\\$&').replaceAll('%', '%%')}"`;
}
