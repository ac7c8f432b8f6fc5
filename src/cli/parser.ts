import { parseArgs } from 'node:util';
import { type Finding, finding, nearest, QplugError } from '../diag/index.js';
import { type Found, readArguments } from './arguments.js';
import type { Arguments, CommandDeclaration, OptionDeclaration } from './command.js';
import { EVERYWHERE } from './options.js';

/** What was typed: a command with its arguments, or the wish for help or the version. */
export type Parsed =
  | { readonly parsed: 'command'; readonly command: CommandDeclaration; readonly args: Arguments }
  | { readonly parsed: 'help'; readonly command: CommandDeclaration | undefined }
  | { readonly parsed: 'version' };

type Token = ReturnType<typeof tokensOf>[number];

/**
 * Understands a command line. Options may stand anywhere, before the command too; what follows `--` is words. An option
 * that is given twice counts as it was given last.
 *
 * @param typed - without node and script
 * @throws QplugError with everything that is wrong in the words; all codes are of kind `usage`
 */
export function parseCommandLine(typed: readonly string[], commands: readonly CommandDeclaration[]): Parsed {
  const tokens = tokensOf(typed, commands);
  const words = tokens.flatMap((token) => (token.kind === 'positional' ? [token] : []));
  const [first] = words;
  const asked = (name: string): boolean => tokens.some((token) => token.kind === 'option' && token.name === name);
  if (first === undefined && asked('version')) return { parsed: 'version' };
  if (first === undefined || first.value === 'help') {
    const named = words[1];
    if (first === undefined && !asked('help')) throw noCommand(tokens, commands);
    return { parsed: 'help', command: named === undefined ? undefined : commandOf(named, typed, commands) };
  }
  const command = commandOf(first, typed, commands);
  if (asked('help')) return { parsed: 'help', command };
  const { args, findings } = readArguments(command, foundIn(tokens, command, commands, typed), words.slice(1));
  const [one, ...rest] = findings;
  if (one !== undefined) throw new QplugError([one, ...rest]);
  return { parsed: 'command', command, args };
}

/** Which options take a value is the same in every command, so that they may stand before its name. */
function tokensOf(typed: readonly string[], commands: readonly CommandDeclaration[]) {
  const all = [EVERYWHERE, ...commands.map(({ options }) => options)].flatMap((one) => Object.entries(one));
  const options = Object.fromEntries(
    all.map(([name, { type, short }]) => [
      name,
      { type: type === 'boolean' ? ('boolean' as const) : ('string' as const), ...(short && { short }) },
    ]),
  );
  return parseArgs({ args: [...typed], options, strict: false, allowPositionals: true, tokens: true }).tokens;
}

function commandOf(
  { value, index }: { readonly value: string; readonly index: number },
  typed: readonly string[],
  commands: readonly CommandDeclaration[],
): CommandDeclaration {
  const command = commands.find(({ name, aliases }) => name === value || aliases?.includes(value));
  if (command !== undefined) return command;
  const names = commands.map(({ name }) => name);
  const meant = nearest(value, [...names, ...commands.flatMap(({ aliases }) => aliases ?? [])]);
  const corrected = meant === undefined ? undefined : typed.with(index, meant);
  throw new QplugError([finding('command-unknown', { word: value, commands: names, nearest: meant, corrected })]);
}

function noCommand(tokens: readonly Token[], commands: readonly CommandDeclaration[]): QplugError {
  const options = { ...EVERYWHERE, ...Object.assign({}, ...commands.map((one) => one.options)) };
  const known = [...Object.keys(options), 'version'];
  for (const token of tokens) {
    if (token.kind !== 'option' || known.includes(token.name)) continue;
    const evidence = {
      option: token.rawName,
      command: undefined,
      nearest: undefined,
      others: [],
      corrected: undefined,
    };
    return new QplugError([finding('option-unknown', evidence)]);
  }
  return new QplugError([finding('command-missing', { commands: commands.map(({ name }) => name) })]);
}

/** @returns the options with what they were given, and those that the command does not have as findings */
function foundIn(
  tokens: readonly Token[],
  command: CommandDeclaration,
  commands: readonly CommandDeclaration[],
  typed: readonly string[],
): Found[] {
  const known: Readonly<Record<string, OptionDeclaration>> = { ...command.options, ...EVERYWHERE };
  return tokens.flatMap((token): Found[] => {
    if (token.kind !== 'option') return [];
    const { name, rawName, value, inlineValue } = token;
    const declared = Object.hasOwn(known, name) ? known[name] : undefined;
    if (declared !== undefined) return [{ name, option: rawName, declared, value, inline: inlineValue === true }];
    return [{ name, finding: unknownOption(token, command, known, commands, typed) }];
  });
}

function unknownOption(
  { name, rawName, index }: { readonly name: string; readonly rawName: string; readonly index: number },
  command: CommandDeclaration,
  known: Readonly<Record<string, OptionDeclaration>>,
  commands: readonly CommandDeclaration[],
  typed: readonly string[],
): Finding {
  const others = commands.filter(({ options }) => Object.hasOwn(options, name)).map((one) => one.name);
  const long = rawName.startsWith('--');
  const meant = others.length > 0 || !long ? undefined : nearest(name, Object.keys(known));
  const corrected = meant === undefined ? undefined : typed.with(index, (typed[index] ?? '').replace(name, meant));
  return finding('option-unknown', { option: rawName, command: command.name, nearest: meant, others, corrected });
}
