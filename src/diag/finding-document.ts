import { describe, type Finding, kindOf } from './catalog.js';

/** A finding for programs, as every document of `--json` holds it. */
export function findingDocument(found: Finding): Record<string, unknown> {
  const { what, where, why, fix } = describe(found);
  return {
    code: found.code,
    kind: kindOf(found.code),
    severity: found.severity,
    what,
    ...(where === undefined ? {} : { where }),
    ...(why === undefined ? {} : { why }),
    ...(fix === undefined ? {} : { fix }),
    ...(found.location === undefined ? {} : { location: found.location }),
    evidence: found.evidence,
  };
}
