/** Findings and errors as data, and the one place where they become words. */
export { type Code, describe, type EvidenceByCode, type Finding, finding, kindOf } from './catalog.js';
export { fail, QplugError } from './error.js';
export type { Kind, Severity, SourceLocation, Text } from './finding.js';
export { nearest } from './nearest.js';
export { printable } from './printable.js';
export { shellWord } from './shell-word.js';
