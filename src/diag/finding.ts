import type { Fix } from './fix.js';

/** The position of a finding in a file. Lines and columns count from 1. */
export interface SourceLocation {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in characters. */
  readonly column: number;
}

/**
 * `error`: the command fails. `warning`: it continues, but not as requested. `note`: worth knowing.
 */
export type Severity = 'error' | 'warning' | 'note';

/**
 * What a caller can do about it; the command line turns it into its exit code (src/cli/exit-codes.ts).
 *
 * - `failed`: the attempt failed · `usage`: wrong words or an invalid file · `not-found`: no such device or VM
 * - `ambiguous`: a selector matches several · `refused`: claimed, guarded or denied · `no-plan`: no port, or only slower
 * - `timeout`: a deadline passed · `unreachable`: the VM does not answer
 */
export type FindingKind =
  | 'failed'
  | 'usage'
  | 'not-found'
  | 'ambiguous'
  | 'refused'
  | 'no-plan'
  | 'timeout'
  | 'unreachable';

/**
 * The parts of a message. `what` happened is one clause without a full stop; `where` names the file, device or port;
 * `why` is the reason with its evidence; `fix` is the literal command or line that fixes it.
 */
export interface Text {
  readonly what: string;
  readonly where?: string | undefined;
  readonly why?: string | undefined;
  readonly fix?: Fix | undefined;
}

/** A message as it is printed: its fix in lines, as `fixLines` makes them. */
export interface PrintedText extends Omit<Text, 'fix'> {
  readonly fix?: string | undefined;
}

/** The evidence of a finding that needs none. */
export type NoEvidence = Readonly<Record<never, never>>;

/** The kind of one code, and its words. Text never holds raw outside strings: wrap them in `printable`. */
export interface CatalogEntry<E> {
  readonly kind: FindingKind;
  text(evidence: E): Text;
}

/** The evidence that each entry of a catalog file takes. */
export type EvidenceOf<Subject extends { readonly [code: string]: { text(evidence: never): Text } }> = {
  readonly [C in keyof Subject]: Readonly<Parameters<Subject[C]['text']>[0]>;
};
