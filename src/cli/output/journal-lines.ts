import type { Severity } from '../../diag/index.js';
import type { Terminal } from '../terminal.js';

/** How much a line matters to whoever reads the journal. `info`: nothing is to be done. */
export type Level = Severity | 'info';

/** The priorities of syslog(3) that sd-daemon(3) lets a line begin with. */
const PRIORITIES: Readonly<Record<Level, number>> = { error: 3, warning: 4, note: 5, info: 6 };

/**
 * Marks text for stderr with its priority, if stderr is the journal of systemd.
 *
 * @param text - without a final line break; each of its lines gets the priority
 */
export function forJournal(text: string, level: Level, { errIsJournal }: Pick<Terminal, 'errIsJournal'>): string {
  if (errIsJournal !== true) return text;
  return text
    .split('\n')
    .map((line) => `<${PRIORITIES[level]}>${line}`)
    .join('\n');
}
