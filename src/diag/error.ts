import { type Code, describe, type EvidenceByCode, type Finding, finding, kindOf } from './catalog.js';
import type { Kind } from './finding.js';

/**
 * Every error that qplug throws on purpose. It is data: one or more findings, the first of which decides `code` and
 * `kind`; `cause` is kept. Anything else that is thrown is a bug of ours.
 */
export class QplugError extends Error {
  override readonly name: string = 'QplugError';
  readonly findings: readonly [Finding, ...Finding[]];

  constructor(findings: readonly [Finding, ...Finding[]], options?: { cause?: unknown }) {
    super(sentence(findings[0]), options);
    this.findings = findings;
  }

  get code(): Code {
    return this.findings[0].code;
  }

  get kind(): Kind {
    return kindOf(this.code);
  }
}

function sentence(found: Finding): string {
  const { what, where, why } = describe(found);
  return `${what}${where === undefined ? '' : ` (${where})`}${why === undefined ? '' : `: ${why}`}`;
}

/** Shorthand for an error of one finding. */
export function fail<C extends Code>(code: C, evidence: EvidenceByCode[C], options?: { cause?: unknown }): QplugError {
  return new QplugError([finding(code, evidence)], options);
}
