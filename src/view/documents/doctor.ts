import { findingDocument } from '../../diag/index.js';
import type { Check } from '../../vm/index.js';

/** What was checked on this host, for programs. */
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

/** @returns whether nothing that a check found is an error */
export function hasPassed({ findings }: Pick<Check, 'findings'>): boolean {
  return !findings.some((one) => one.severity === 'error');
}
