import { distance } from 'fastest-levenshtein';

/**
 * The known word that a person most likely meant.
 *
 * @param word - the word that the user wrote
 * @param known - the valid words
 * @returns the nearest one, or undefined when none is near (more than a third of the letters differ, at least two)
 */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  const wanted = word.toLowerCase();
  let best: string | undefined;
  let least = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const candidate of known) {
    const far = distance(wanted, candidate.toLowerCase());
    if (far < least) {
      best = candidate;
      least = far;
    }
  }
  return best;
}
