import { printable, QplugError } from '../diag/index.js';
import { EXIT_CODES } from './exit-codes.js';
import { findingDocument, renderFinding } from './render-finding.js';
import type { Terminal } from './terminal.js';

/**
 * Tells why a command failed: for people on stderr, with `--json` as a document on stdout too.
 *
 * @param error - anything that was thrown; what is no QplugError is a mistake of qplug itself, unless it was interrupted
 * @returns the exit code
 */
export function complain(error: unknown, json: boolean, terminal: Terminal): number {
  const told = tell(error, terminal.signal.aborted);
  const findings = error instanceof QplugError ? error.findings : [];
  if (json) {
    const { code, exit, message } = told;
    const document = { schema: 'urn:qplug:error:1', code, exit, message, findings: findings.map(findingDocument) };
    terminal.out(`${JSON.stringify(document, undefined, 2)}\n`);
  }
  for (const found of findings) terminal.err(`${renderFinding(found, terminal)}\n`);
  if (told.words !== undefined) terminal.err(`${told.words}\n`);
  return told.exit;
}

interface Told {
  readonly code: string;
  readonly exit: number;
  readonly message: string;
  /** What stands after the findings. */
  readonly words?: string | undefined;
}

function tell(error: unknown, interrupted: boolean): Told {
  const message = error instanceof Error ? error.message : String(error);
  if (interrupted) {
    const left = error instanceof QplugError && error.findings.some(({ code }) => code === 'not-undone');
    const words = left ? 'interrupted' : 'interrupted: what had been begun was undone';
    return { code: 'interrupted', exit: EXIT_CODES.interrupted, message, words };
  }
  if (error instanceof QplugError) return { code: error.code, exit: EXIT_CODES[error.kind], message };
  const stack = error instanceof Error ? (error.stack ?? message) : message;
  const lines = stack.split('\n').map((line) => printable(line));
  const words = ['This is a mistake in qplug itself. Please report it with these lines:', ...lines].join('\n');
  return { code: 'internal', exit: EXIT_CODES.failed, message, words };
}
