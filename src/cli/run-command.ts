import { openFiles } from '../base/index.js';
import { type Finding, fail, findingDocument } from '../diag/index.js';
import type { CommandCall, CommandDeclaration, CommandRunner, Outcome } from './command.js';
import { EXIT_CODES } from './exit-codes.js';
import { jsonText } from './output/json-text.js';
import { printFailure } from './output/print-failure.js';
import { safeTerminal } from './output/safe-terminal.js';
import { renderFinding } from './render/finding.js';
import type { Terminal } from './terminal.js';

/** @returns what runs these commands, as the command line and the agent's socket do */
export function commandRunner(all: readonly CommandDeclaration[]): CommandRunner {
  const runner: CommandRunner = {
    all,
    run: (call, terminal, { mends = true } = {}) => runCommand(call, runner, safeTerminal(terminal), mends),
  };
  return runner;
}

async function runCommand(
  call: CommandCall,
  runner: CommandRunner,
  terminal: Terminal,
  mends: boolean,
): Promise<number> {
  const { command, args } = call;
  try {
    requireRoomForFiles();
    const mended = mends ? await mendFirst(call, terminal) : [];
    const { run } = await command.load();
    const outcome = await run(args, terminal, runner);
    if (!('schema' in outcome)) return outcome.exit;
    print(outcome, mended, args.flag('json'), terminal);
    return outcome.exit ?? EXIT_CODES.done;
  } catch (error) {
    return printFailure(error, args.flag('json'), terminal);
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
async function mendFirst({ command, args }: CommandCall, terminal: Terminal): Promise<readonly Finding[]> {
  if ('host' in command.options && args.text('host') !== undefined) return [];
  const { mendBefore } = await import('./mend-before.js');
  const named = command.words.find(({ name }) => name === 'vm' || name === 'file')?.name;
  return mendBefore(terminal, command.name === 'mend' ? 'everything' : { vm: named && args.text(named) });
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
