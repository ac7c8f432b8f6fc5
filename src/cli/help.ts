import type { Colors } from 'picocolors/types.js';
import { pad, width, wrap } from '../view/text/index.js';
import type { CommandDeclaration, CommandGroup, OptionDeclaration } from './command.js';
import { EXIT_CODES } from './exit-codes.js';
import { EVERYWHERE } from './parse/general-options.js';
import { formatUsage, formatWord } from './parse/usage-line.js';

const GROUPS: Readonly<Record<CommandGroup, string>> = {
  look: 'Look; these change nothing',
  run: 'Start and end VMs',
  plug: 'Plug and unplug',
  mend: 'When something is wrong',
};

const EXITS: Readonly<Record<keyof typeof EXIT_CODES, string>> = {
  done: 'done',
  failed: 'failed',
  usage: 'wrong usage, or an invalid file',
  'not-found': 'no such device or VM',
  ambiguous: 'the selector matches several devices',
  refused: 'refused',
  'no-plan': 'no port, or only slower ones',
  timeout: 'timed out',
  unreachable: 'the VM does not answer',
  interrupted: 'interrupted',
};

/** A longer term on the left has a line of its own. */
const COLUMN = 27;

/** Wider lines are hard to read. */
const WIDEST = 110;

/** The help of qplug as a whole. @param columns - of the terminal */
export function overview(commands: readonly CommandDeclaration[], columns: number, colors: Colors): string {
  const room = Math.min(columns, WIDEST);
  const keys = Object.keys(GROUPS) as CommandGroup[];
  const groups = keys.map((group) => commands.filter((one) => one.group === group).map(commandRow));
  const options: HelpRow[] = [...optionRows(EVERYWHERE), ['--version', 'Show the version']];
  const left = leftOf([...groups, options].flat());
  return [
    wrap('qplug plugs USB devices of this host into QEMU virtual machines, each on a port of its speed.', room).join(
      '\n',
    ),
    `${colors.bold('Usage')}  qplug COMMAND [WORDS] [OPTIONS]`,
    ...groups.map((rows, index) => section(GROUPS[keys[index] ?? 'look'], explained(rows, left, room), colors)),
    section('Options of every command', explained(options, left, room), colors),
    section('Exit codes', exitLines(room), colors),
    'qplug COMMAND --help prints more, with examples.',
  ].join('\n\n');
}

/** The help of one command. @param columns - of the terminal */
export function commandHelp(command: CommandDeclaration, columns: number, colors: Colors): string {
  const room = Math.min(columns, WIDEST);
  const examples = command.examples.map(([line, purpose]) => `  ${line}\n      ${colors.dim(purpose)}`).join('\n');
  const words = command.words.map((word): HelpRow => [formatWord(word), word.describe]);
  const options = optionRows({ ...command.options, ...EVERYWHERE });
  return [
    wrap(command.summary, room).join('\n'),
    `${colors.bold('Usage')}  qplug ${formatUsage(command)} [OPTIONS]`,
    ...(command.aliases === undefined ? [] : [`${colors.bold('Also')}   qplug ${command.aliases.join(', qplug ')}`]),
    ...(words.length === 0 ? [] : [section('Words', explained(words, leftOf(words), room), colors)]),
    section('Options', explained(options, leftOf(options), room), colors),
    section('Examples', examples, colors),
  ].join('\n\n');
}

function section(title: string, body: string, colors: Colors): string {
  return `${colors.bold(title)}\n${body}`;
}

/** What is written on the left, and what it means. */
type HelpRow = readonly [term: string, words: string];

function optionRows(options: Readonly<Record<string, OptionDeclaration>>): HelpRow[] {
  return Object.entries(options).map(([name, { short, type, optional, choices, argument, describe }]) => {
    const word = argument ?? choices?.join('|') ?? 'VALUE';
    const value = type === 'boolean' ? '' : optional === true ? `[=${word}]` : ` ${word}`;
    return [`${short === undefined ? '' : `-${short}, `}--${name}${value}`, describe];
  });
}

function commandRow(command: CommandDeclaration): HelpRow {
  return [formatUsage(command), command.brief];
}

function exitLines(room: number): string {
  const keys = Object.keys(EXIT_CODES) as (keyof typeof EXIT_CODES)[];
  const rows = keys.map((key): HelpRow => [String(EXIT_CODES[key]), EXITS[key]]);
  return explained(rows, leftOf(rows), room);
}

/** @returns the column where the right side begins */
function leftOf(rows: readonly HelpRow[]): number {
  return 4 + Math.max(...rows.map(([term]) => width(term)).filter((one) => one <= COLUMN));
}

function explained(rows: readonly HelpRow[], left: number, columns: number): string {
  const lines = rows.flatMap(([term, words]) => {
    const right = wrap(words, Math.max(20, columns - left));
    if (width(term) + 4 > left) return [`  ${term}`, ...right.map((line) => ' '.repeat(left) + line)];
    return right.map((line, index) => pad(index === 0 ? `  ${term}` : '', left) + line);
  });
  return lines.join('\n');
}
