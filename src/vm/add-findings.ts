import { type Finding, finding, printable, QplugError, systemError } from '../diag/index.js';

/**
 * @param error - why something was given up; a signal's reason or a deadline becomes a finding `stopped`, so that nothing is lost
 * @returns the error as it is when there is nothing to add; else one that tells both and keeps it as its cause
 */
export function addFindings(error: unknown, more: readonly Finding[]): unknown {
  if (more.length === 0) return error;
  const named = error instanceof QplugError ? error : systemError(error);
  if (named !== undefined) return new QplugError([...named.findings, ...more], { cause: named.cause ?? named });
  const reason = printable(error instanceof Error ? error.message : String(error));
  return new QplugError([finding('stopped', { reason }), ...more], { cause: error });
}
