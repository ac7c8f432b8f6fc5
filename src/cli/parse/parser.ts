/**
 * What was typed: the words of a command line come in, with the declarations of all commands; a command with its arguments goes out, or
 * all that is wrong with the words.
 */

import { Parser } from 'yargs/helpers';
import { type Finding, finding, nearest, QplugError } from '../../diag/index.js';
import type { Arguments, CommandDeclaration, OptionDeclaration } from '../command.js';
import { type Found, readArguments } from './arguments.js';
import { EVERYWHERE } from './general-options.js';

/** What was typed: a command with its arguments, or the wish for help or the version. */
export type Parsed =
  | { readonly parsed: 'command'; readonly command: CommandDeclaration; readonly args: Arguments }
  | { readonly parsed: 'help'; readonly command: CommandDeclaration | undefined }
  | { readonly parsed: 'version' };

/** A command line as yargs understands it: the words, and each option with the values that it was given. */
interface Split {
  readonly words: readonly string[];
  readonly options: readonly { readonly name: string; readonly values: readonly unknown[] }[];
}

/**
 * Understands a command line. Options may stand anywhere, before the command too; what follows `--` is words. An option
 * that is given twice counts as it was given last. The only place that knows yargs: it splits, and what it found is held
 * against the declarations, so that every mistake becomes a finding.
 *
 * @param typed - without node and script
 * @throws QplugError with everything that is wrong in the words; all codes are of kind `usage`
 */
export function parseCommandLine(typed: readonly string[], commands: readonly CommandDeclaration[]): Parsed {
  const split = splitCommandLine(typed, commands);
  const [first, second] = split.words;
  const asked = (name: string): boolean => split.options.some((option) => option.name === name);
  if (first === undefined && asked('version')) return { parsed: 'version' };
  if (first === undefined || first === 'help') {
    if (first === undefined && !asked('help')) throw noCommand(split, commands);
    return { parsed: 'help', command: second === undefined ? undefined : commandOf(second, typed, commands) };
  }
  const command = commandOf(first, typed, commands);
  if (asked('help')) return { parsed: 'help', command };
  const { args, findings } = readArguments(command, foundIn(split, command, commands, typed), split.words.slice(1));
  const [one, ...rest] = findings;
  if (one !== undefined) throw new QplugError([one, ...rest]);
  return { parsed: 'command', command, args };
}

/** Which options take a value is the same in every command, so that they may stand before its name. */
function splitCommandLine(typed: readonly string[], commands: readonly CommandDeclaration[]): Split {
  const all = [EVERYWHERE, ...commands.map(({ options }) => options)].flatMap((one) => Object.entries(one));
  const named = (switches: boolean): string[] =>
    all.flatMap(([name, { type }]) => ((type === 'boolean') === switches ? [name] : []));
  const optional = all.flatMap(([name, declared]) => (declared.optional === true ? [`--${name}`] : []));
  const whole = withEmptyValues(withDashes(typed, named(false)), optional);
  const found: Readonly<Record<string, unknown>> = Parser(whole, {
    boolean: named(true),
    string: named(false),
    alias: Object.fromEntries(all.flatMap(([name, { short }]) => (short === undefined ? [] : [[name, short]]))),
    configuration: {
      'boolean-negation': false,
      'camel-case-expansion': false,
      'dot-notation': false,
      'duplicate-arguments-array': true,
      'greedy-arrays': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'strip-aliased': true,
    },
  });
  const { _: words, ...rest } = found;
  return {
    words: (words as readonly (string | number)[]).map(String),
    options: Object.entries(rest)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => ({ name, values: Array.isArray(value) ? value : [value] })),
  };
}

/** yargs takes a lone `-`, which stands for standard input or output, for no value: it is tied to its option here. */
function withDashes(typed: readonly string[], valued: readonly string[]): string[] {
  const end = typed.indexOf('--');
  const takes = (index: number): boolean =>
    (end < 0 || index < end) && valued.some((name) => typed[index] === `--${name}`) && typed[index + 1] === '-';
  return typed.flatMap((word, index) => (takes(index) ? [`${word}=-`] : takes(index - 1) ? [] : [word]));
}

/** What stands after an option whose value is optional is a word: so a bare one gets an empty value here. */
function withEmptyValues(typed: readonly string[], optional: readonly string[]): string[] {
  const end = typed.indexOf('--');
  return typed.map((word, i) => (optional.includes(word) && (end < 0 || i < end) ? `${word}=` : word));
}

function commandOf(
  word: string,
  typed: readonly string[],
  commands: readonly CommandDeclaration[],
): CommandDeclaration {
  const command = commands.find(({ name, aliases }) => name === word || aliases?.includes(word));
  if (command !== undefined) return command;
  const names = commands.map(({ name }) => name);
  const meant = nearest(word, [...names, ...commands.flatMap(({ aliases }) => aliases ?? [])]);
  const corrected = meant === undefined ? undefined : typed.with(typed.indexOf(word), meant);
  throw new QplugError([finding('command-unknown', { word, commands: names, nearest: meant, corrected })]);
}

/** @returns an option as it was written: `--port`, `-p` */
function written(name: string): string {
  return name.length === 1 ? `-${name}` : `--${name}`;
}

function noCommand({ options }: Split, commands: readonly CommandDeclaration[]): QplugError {
  const declared = { ...EVERYWHERE, ...Object.assign({}, ...commands.map((one) => one.options)) };
  const known = [...Object.keys(declared), 'version'];
  const unknown = options.find(({ name }) => !known.includes(name));
  if (unknown === undefined) {
    return new QplugError([finding('command-missing', { commands: commands.map(({ name }) => name) })]);
  }
  const option = written(unknown.name);
  const evidence = { option, command: undefined, nearest: undefined, others: [], corrected: undefined };
  return new QplugError([finding('option-unknown', evidence)]);
}

/** @returns the options with what they were given, and those that the command does not have as findings */
function foundIn(
  { options }: Split,
  command: CommandDeclaration,
  commands: readonly CommandDeclaration[],
  typed: readonly string[],
): Found[] {
  const known: Readonly<Record<string, OptionDeclaration>> = { ...command.options, ...EVERYWHERE };
  return options.flatMap(({ name, values }): Found[] => {
    const declared = Object.hasOwn(known, name) ? known[name] : undefined;
    if (declared === undefined) return [{ name, finding: unknownOption(name, command, known, commands, typed) }];
    const option = written(name);
    if (declared.type === 'boolean') return values.includes(true) ? [{ name, option, declared, value: undefined }] : [];
    return values.map((value) => ({ name, option, declared, value: String(value) }));
  });
}

function unknownOption(
  name: string,
  command: CommandDeclaration,
  known: Readonly<Record<string, OptionDeclaration>>,
  commands: readonly CommandDeclaration[],
  typed: readonly string[],
): Finding {
  const option = written(name);
  const others = commands.filter(({ options }) => Object.hasOwn(options, name)).map((one) => one.name);
  const meant = others.length > 0 || name.length === 1 ? undefined : nearest(name, Object.keys(known));
  const index = typed.findIndex((word) => word === option || word.startsWith(`${option}=`));
  const corrected =
    meant === undefined || index < 0 ? undefined : typed.with(index, (typed[index] ?? '').replace(name, meant));
  return finding('option-unknown', { option, command: command.name, nearest: meant, others, corrected });
}
