/** Findings and errors as data, and the only place that words them. */
export { type Code, describe, type EvidenceByCode, type Finding, finding, kindOf } from './catalog.js';
export { addFindings, fail, QplugError, systemError, throwErrors } from './error.js';
export type { FindingKind, PrintedText as Text, Severity, SourceLocation } from './finding.js';
export { findingDocument } from './finding-document.js';
export { asTyped, type Command, type Fix, type FixPart, fixLines, type Options, sh } from './fix.js';
export {
  type DiskUse,
  GUARD_KINDS,
  type Guard,
  type GuardKind,
  type HolderProcess,
  type SeatUse,
  type Volume,
} from './guard.js';
export { type GuardWords, guardWords } from './guard-words.js';
export { nearest } from './nearest.js';
export { printable } from './printable.js';
export { isUnsafe, oneLine, safeJson, safeLines } from './unsafe.js';
