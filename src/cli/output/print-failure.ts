import { type Finding, findingDocument, oneLine, QplugError, systemError } from '../../diag/index.js';
import { EXIT_CODES } from '../exit-codes.js';
import { renderFinding } from '../render/finding.js';
import type { Terminal } from '../terminal.js';
import { forJournal, type Level } from './journal-lines.js';
import { jsonText } from './json-text.js';
import { Mistake } from './mistake.js';

/**
 * Tells why a command failed: for people on stderr, with `--json` as a document on stdout too.
 *
 * @param thrown - anything: a finding of ours, an error of the system, which gets words here where nobody else had any, or a mistake of
 *   qplug itself
 * @returns the exit code
 */
export function printFailure(thrown: unknown, json: boolean, terminal: Terminal): number {
  const error = worded(thrown);
  const told = tell(error, terminal.signal);
  const findings = [...told.findings, ...(error instanceof QplugError ? error.findings : [])];
  if (json) {
    const { code, exit, message } = told;
    const document = { schema: 'urn:qplug:error:1', code, exit, message, findings: findings.map(findingDocument) };
    terminal.out(`${jsonText(document, 2)}\n`);
  }
  const tellLine = (text: string, level: Level): void => terminal.err(`${forJournal(text, level, terminal)}\n`);
  for (const found of findings) tellLine(renderFinding(found, terminal), found.severity);
  if (told.words !== undefined) tellLine(told.words, told.exit === EXIT_CODES.interrupted ? 'info' : 'error');
  return told.exit;
}

interface FailureReport {
  readonly code: string;
  readonly exit: number;
  readonly message: string;
  /** What stands before the findings of the error. */
  readonly findings: readonly Finding[];
  /** What stands after the findings. */
  readonly words?: string | undefined;
}

function worded(error: unknown): unknown {
  return error instanceof QplugError ? error : (systemError(error) ?? error);
}

function tell(error: unknown, { aborted, reason }: AbortSignal): FailureReport {
  const message = messageOf(error);
  if (aborted && reason instanceof Mistake) {
    reason.told = true;
    const cause = worded(reason.cause);
    return tellPlainly(cause, cause instanceof QplugError ? cause.findings : []);
  }
  if (aborted) {
    const left = error instanceof QplugError && error.findings.some(({ code }) => code === 'not-undone');
    const words = left ? 'interrupted' : 'interrupted: unfinished changes were rolled back';
    return { code: 'interrupted', exit: EXIT_CODES.interrupted, message, findings: [], words };
  }
  return tellPlainly(error, []);
}

function tellPlainly(error: unknown, findings: readonly Finding[]): FailureReport {
  const message = messageOf(error);
  if (error instanceof QplugError) return { code: error.code, exit: EXIT_CODES[error.kind], message, findings };
  const stack = error instanceof Error ? (error.stack ?? message) : message;
  const lines = stack.split('\n').map(oneLine);
  const words = ['This is a mistake in qplug itself. Please report it with these lines:', ...lines].join('\n');
  return { code: 'internal', exit: EXIT_CODES.failed, message, findings, words };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
