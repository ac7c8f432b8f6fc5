import { openHost } from '../access/index.js';
import { type Finding, QplugError, systemError } from '../diag/index.js';
import { forJournal } from './output/journal-lines.js';
import { Progress } from './progress.js';
import { renderFinding } from './render/finding.js';
import type { Terminal } from './terminal.js';
import { MEND_SHARES, MEND_TIMEOUT } from './timeouts.js';

/**
 * Mends what killed processes left, before a command looks at anything, and says so at once. What can't be mended keeps no command
 * from its work: if that needs what is broken it will say so itself. A VM that does not answer keeps none but its own for long.
 *
 * @param about - the VM that the command is about, as it was named; `everything`: the command is to mend
 * @returns what was said, for the document
 */
export async function mendBefore(
  terminal: Terminal,
  about: { readonly vm: string | undefined } | 'everything',
): Promise<readonly Finding[]> {
  using progress = new Progress(terminal, false);
  const operation = {
    signal: terminal.signal,
    timeout: MEND_TIMEOUT * 1000,
    onProgress: progress.tell,
    ...(about === 'everything' ? {} : { about: about.vm, shares: MEND_SHARES }),
  };
  let findings: readonly Finding[];
  try {
    const host = openHost(terminal);
    // most commands on most hosts: there is nothing, and the engine is not even loaded
    if (host.claims.isUnused && host.journal.isEmpty) return [];
    const { mend } = await import('../vm/index.js');
    findings = await mend(host, operation);
  } catch (error) {
    const named = error instanceof QplugError ? error : systemError(error);
    if (named === undefined) throw error;
    // without a folder of one's own nothing was left there; a command that needs it says so
    if (named.code === 'runtime-dir-unknown' || named.code === 'folder-not-ours') return [];
    findings = named.findings.map((one): Finding => ({ ...one, severity: 'warning' }));
  }
  for (const found of findings) {
    terminal.err(`${forJournal(renderFinding(found, terminal), found.severity, terminal)}\n`);
  }
  return findings;
}
