import { type Finding, type FindingKind, kindOf } from '../diag/index.js';

/** What `qplug` exits with. Scripts rely on these: they don't change within a major version. */
export const EXIT_CODES: Readonly<Record<FindingKind | 'done' | 'interrupted', number>> = {
  done: 0,
  failed: 1,
  usage: 2,
  'not-found': 3,
  ambiguous: 4,
  refused: 5,
  'no-plan': 6,
  timeout: 7,
  unreachable: 8,
  interrupted: 130,
};

/** @returns what findings come to: the code of the first error, or 0 */
export function exitCodeOf(findings: readonly Finding[]): number {
  const error = findings.find((one) => one.severity === 'error');
  return EXIT_CODES[error === undefined ? 'done' : kindOf(error.code)];
}
