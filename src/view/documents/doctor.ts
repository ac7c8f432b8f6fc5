import { findingDocument } from '../../diag/index.js';
import type { Check } from '../../vm/index.js';

/** For programs: what was checked on this host. */
export function doctorDocument(checks: readonly Check[]): Record<string, unknown> {
  return {
    healthy: checks.every(hasPassed),
    checks: checks.map((check) => ({
      name: check.name,
      found: check.found,
      passed: hasPassed(check),
      findings: check.findings.map(findingDocument),
    })),
  };
}

/** @returns whether a check found no error */
export function hasPassed({ findings }: Pick<Check, 'findings'>): boolean {
  return !findings.some((one) => one.severity === 'error');
}
