import { hostFindings } from './catalog/host/index.js';
import { placingFindings } from './catalog/placing/index.js';
import { programFindings } from './catalog/program/index.js';
import { qemuFindings } from './catalog/qemu/index.js';
import { vmFindings } from './catalog/vm/index.js';
import { vmFileFindings } from './catalog/vm-file/index.js';
import type { CatalogEntry, EvidenceOf, FindingKind, PrintedText, Severity, SourceLocation, Text } from './finding.js';
import { fixLines } from './fix.js';
import { printable } from './printable.js';

/** Every code with the evidence that it carries. catalog/ has a folder for each topic and a file for each subject. */
export interface EvidenceByCode
  extends EvidenceOf<typeof hostFindings>,
    EvidenceOf<typeof placingFindings>,
    EvidenceOf<typeof programFindings>,
    EvidenceOf<typeof qemuFindings>,
    EvidenceOf<typeof vmFindings>,
    EvidenceOf<typeof vmFileFindings> {}

/** The stable name of a finding, for programs to match on. */
export type Code = keyof EvidenceByCode;

/** One finding: data, no text. Only `describe` words it. */
export type Finding = {
  readonly [C in Code]: {
    readonly code: C;
    readonly severity: Severity;
    readonly evidence: EvidenceByCode[C];
    readonly location?: SourceLocation | undefined;
  };
}[Code];

// marked as pure, so that a bundle without `describe` (the planner in a browser) has no words in it
const catalog: { readonly [C in Code]: CatalogEntry<EvidenceByCode[C]> } = /* @__PURE__ */ (() => ({
  ...hostFindings,
  ...placingFindings,
  ...programFindings,
  ...qemuFindings,
  ...vmFindings,
  ...vmFileFindings,
}))();

/** Makes a finding; its severity is `error` unless `more` has another. */
export function finding<C extends Code>(
  code: C,
  evidence: EvidenceByCode[C],
  more: { severity?: Severity; location?: SourceLocation | undefined } = {},
): Finding {
  return {
    code,
    severity: more.severity ?? 'error',
    evidence,
    ...(more.location === undefined ? {} : { location: more.location }),
  } as unknown as Finding;
}

/** @returns the kind of a code */
export function kindOf(code: Code): FindingKind {
  return catalog[code].kind;
}

/** @returns the words of a finding; its fix is data: commands, options and advice */
export function wordsOf(found: Finding): Text {
  const entry = catalog[found.code] as CatalogEntry<unknown>;
  return entry.text(found.evidence);
}

/** @returns the words of a finding; `where` is its location if the entry gives no `where` */
export function describe(found: Finding): PrintedText {
  const { fix, ...said } = wordsOf(found);
  const lines = fixLines(fix);
  const text: PrintedText = lines === undefined ? said : { ...said, fix: lines };
  if (text.where !== undefined || found.location === undefined) return text;
  const { file, line, column } = found.location;
  return { ...text, where: `${printable(file)}:${line}:${column}` };
}
