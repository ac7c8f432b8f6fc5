import { openFiles } from '../base/index.js';
import { type Finding, fail, findingDocument } from '../diag/index.js';
import type { Outcome } from './command.js';
import { COMMANDS } from './commands/index.js';
import { EXIT_CODES } from './exit-codes.js';
import { jsonText } from './output/json-text.js';
import { printFailure } from './output/print-failure.js';
import { safeTerminal } from './output/safe-terminal.js';
import { type Parsed, parseCommandLine } from './parse/parser.js';
import { renderFinding } from './render/finding.js';
import type { Terminal } from './terminal.js';

/** Columns for what is read where there is no terminal. */
const DEFAULT_COLUMNS = 80;

/**
 * Runs one command line from words to exit code. Throws nothing: what goes wrong is printed.
 *
 * @param words - without node and script
 * @returns the exit code
 */
export async function runCommandLine(words: readonly string[], given: Terminal): Promise<number> {
  const terminal = safeTerminal(given);
  try {
    const parsed = parseCommandLine(words, COMMANDS);
    if (parsed.parsed !== 'command') return await inform(parsed, terminal);
    requireRoomForFiles();
    const mended = await mendFirst(parsed, terminal);
    const { run } = await parsed.command.load();
    const outcome = await run(parsed.args, terminal);
    if (!('schema' in outcome)) return outcome.exit;
    print(outcome, mended, parsed.args.flag('json'), terminal);
    return outcome.exit ?? EXIT_CODES.done;
  } catch (error) {
    return printFailure(error, words.includes('--json'), terminal);
  }
}

/**
 * Descriptors that a command may need at once beyond those that it has when it starts: its database with log and memory, monitors,
 * a journal, a lock, pipes to a QEMU that is asked, and what Node needs to load the rest of the program.
 */
const DESCRIPTORS = 32;

/** Refuses at once what would run out of descriptors in the middle. @throws QplugError `open-files-few` */
function requireRoomForFiles(): void {
  const now = openFiles();
  if (now === undefined || now.open + DESCRIPTORS <= now.limit) return;
  throw fail('open-files-few', { ...now, needed: DESCRIPTORS });
}

/** @returns what was mended of what killed processes left; a command about another host looks at nothing of this one */
async function mendFirst(
  { command, args }: Extract<Parsed, { parsed: 'command' }>,
  terminal: Terminal,
): Promise<readonly Finding[]> {
  if ('host' in command.options && args.text('host') !== undefined) return [];
  const { mendBefore } = await import('./mend-before.js');
  const named = command.words.find(({ name }) => name === 'vm' || name === 'file')?.name;
  return mendBefore(terminal, command.name === 'mend' ? 'everything' : { vm: named && args.text(named) });
}

async function inform(parsed: Exclude<Parsed, { parsed: 'command' }>, terminal: Terminal): Promise<number> {
  if (parsed.parsed === 'version') terminal.out(`${process.env['QPLUG_VERSION'] ?? 'unreleased'}\n`);
  else {
    const { overview, commandHelp } = await import('./help.js');
    const { columns = DEFAULT_COLUMNS, outColors } = terminal;
    const { command } = parsed;
    const text =
      command === undefined ? overview(COMMANDS, columns, outColors) : commandHelp(command, columns, outColors);
    terminal.out(`${text}\n`);
  }
  return EXIT_CODES.done;
}

function print(outcome: Outcome, mended: readonly Finding[], json: boolean, terminal: Terminal): void {
  const findings = outcome.findings ?? [];
  for (const found of findings) terminal.err(`${renderFinding(found, terminal)}\n`);
  if (!json) {
    const text = outcome.text();
    if (text !== '') terminal.out(`${text}\n`);
    return;
  }
  const document = {
    schema: `urn:qplug:${outcome.schema}:1`,
    ...outcome.document(),
    findings: [...mended, ...findings].map(findingDocument),
  };
  terminal.out(`${jsonText(document, 2)}\n`);
}
