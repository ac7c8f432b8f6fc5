import { type Finding, finding } from '../../diag/index.js';
import { EXIT_CODES } from '../exit-codes.js';
import { renderFinding } from '../render/finding.js';
import type { Terminal } from '../terminal.js';
import type { Output } from './output.js';

type Written = Pick<Output, 'failure' | 'written'>;

/**
 * Waits until all that a command said is written, or can't be, and tells on the other stream what could not. The command is over, and
 * holds nothing any more, so its reader may take its time.
 *
 * @param exit - what the command came to
 * @param json - stdout has one document then, and nothing else
 * @returns the exit code: `failed` where a command that was done could not say so
 */
export async function reportOutput(
  exit: number,
  { out, err }: { readonly out: Written; readonly err: Written },
  json: boolean,
  terminal: Terminal,
): Promise<number> {
  await Promise.all([out.written(), err.written()]);
  const lost = (stream: 'standard output' | 'standard error', { failure }: Written): Finding[] =>
    failure === undefined ? [] : [finding('output-unwritten', { stream, ...failure })];
  const [ofOut, ofErr] = [lost('standard output', out), lost('standard error', err)];
  for (const found of ofOut) terminal.err(`${renderFinding(found, terminal)}\n`);
  const { outColors: errColors, columns: errColumns } = terminal;
  if (!json) for (const found of ofErr) terminal.out(`${renderFinding(found, { errColors, errColumns })}\n`);
  await Promise.all([out.written(), err.written()]);
  const failed = ofOut.length + ofErr.length > 0;
  return failed && exit === EXIT_CODES.done ? EXIT_CODES.failed : exit;
}
