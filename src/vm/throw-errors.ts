import { type Finding, QplugError } from '../diag/index.js';

/** Throws when any of the findings is an error, with all of them, errors first. */
export function throwErrors(findings: readonly Finding[]): void {
  const errors = findings.filter((one) => one.severity === 'error');
  const [first, ...rest] = errors;
  if (first === undefined) return;
  throw new QplugError([first, ...rest, ...findings.filter((one) => one.severity !== 'error')]);
}
