import { COMMANDS } from './commands/index.js';
import { EXIT_CODES } from './exit-codes.js';
import { printFailure } from './output/print-failure.js';
import { safeTerminal } from './output/safe-terminal.js';
import { type Parsed, parseCommandLine } from './parse/parser.js';
import { commandRunner } from './run-command.js';
import type { Terminal } from './terminal.js';

/** Columns for what is read where there is no terminal. */
const DEFAULT_COLUMNS = 80;

/**
 * Runs one command line from words to exit code. Throws nothing: what goes wrong is printed.
 *
 * @param words - without node and script
 * @returns the exit code
 */
export async function runCommandLine(words: readonly string[], terminal: Terminal): Promise<number> {
  let parsed: Parsed;
  try {
    parsed = parseCommandLine(words, COMMANDS);
    if (parsed.parsed !== 'command') return await inform(parsed, safeTerminal(terminal));
  } catch (error) {
    return printFailure(error, words.includes('--json'), safeTerminal(terminal));
  }
  return await commandRunner(COMMANDS).run(parsed, terminal);
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
