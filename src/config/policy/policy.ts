import type { SourceLocation } from '../../diag/index.js';

/** A system's policy that was read and found valid. See schemas/policy.schema.json. */
export interface Policy {
  /** The file it came from. */
  readonly path: string;
  readonly enabled: boolean;
  /** Undefined: everything that is not denied is allowed. */
  readonly allow: readonly PolicyRule[] | undefined;
  readonly deny: readonly PolicyRule[];
}

/** What a rule means: all that it names at once. */
export interface PolicyRule {
  /** A selector, as written. */
  readonly select: string | undefined;
  readonly class: number | undefined;
  /** A selector by port or location; what is behind a hub there is meant too. */
  readonly port: string | undefined;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  readonly vm: string | undefined;
  readonly location: SourceLocation;
}
