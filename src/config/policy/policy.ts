import type { SourceLocation } from '../../diag/index.js';

/** A valid policy of a system. See schemas/policy.schema.json. */
export interface Policy {
  /** Its file. */
  readonly path: string;
  readonly enabled: boolean;
  /** Undefined: every device that is not denied is allowed. */
  readonly allow: readonly PolicyRule[] | undefined;
  readonly deny: readonly PolicyRule[];
}

/** A rule: matches if all its conditions do. */
export interface PolicyRule {
  /** A selector, unparsed. */
  readonly select: string | undefined;
  readonly class: number | undefined;
  /** A selector by port or location; matches devices behind a hub there too. */
  readonly port: string | undefined;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  readonly vm: string | undefined;
  readonly location: SourceLocation;
}
