import { printable } from '../../diag/index.js';
import { isVmWord } from '../../vm/index.js';
import type { Arguments, OptionDeclaration, PathKind, WordDeclaration } from '../command.js';
import { argumentsOf, MOST_NUMBER } from '../parse/arguments.js';
import type { OfferedCommand } from './offered-commands.js';

/** What a request gives to its command, or what is wrong with it. */
export type ReadRequest = { readonly args: Arguments } | { readonly wrong: string };

/** Text that no command line can have: a NUL, or half a character. */
const UNTYPABLE = /[\0\p{Surrogate}]/u;

/** What ends as a file or a socket does is one, wherever it is. */
const FILE_NAME = /\.(ya?ml|json|sock)$/i;

/**
 * Compares a request with the declaration of its command.
 *
 * @param words - by name, as the client sent them; undefined: none
 * @param options - the same
 */
export function readRequest(command: OfferedCommand, words: unknown, options: unknown): ReadRequest {
  const values = new Map<string, readonly string[]>();
  // as on a command line with --json
  const flags = new Set(['json']);
  const wrong =
    readWords(command, words, values) ??
    readOptions(command, options, values, flags) ??
    pathFault(command, values, flags);
  return wrong === undefined ? { args: argumentsOf(values, flags) } : { wrong };
}

function readWords(
  { name, words: declared }: OfferedCommand,
  words: unknown,
  values: Map<string, readonly string[]>,
): string | undefined {
  const given = membersOf(words);
  if (given === undefined) return '"words" is not an object';
  for (const [key, value] of given) {
    const word = declared.find((one) => one.name === key);
    if (word === undefined)
      return unknown(
        name,
        'word',
        key,
        declared.map((one) => one.name),
      );
    const texts = textsOf(value, word);
    if (typeof texts === 'string') return `"words.${key}" ${texts}`;
    if (texts.length > 0) values.set(key, texts);
  }
  const missing = declared.find((one) => one.required && !values.has(one.name));
  return missing && `${name} needs the word "${missing.name}": ${missing.describe}`;
}

function readOptions(
  { name, options: declared, withheld, must }: OfferedCommand,
  options: unknown,
  values: Map<string, readonly string[]>,
  flags: Set<string>,
): string | undefined {
  const given = membersOf(options);
  if (given === undefined) return '"options" is not an object';
  for (const [key, value] of given) {
    const option = Object.hasOwn(declared, key) ? declared[key] : undefined;
    if (option === undefined) {
      if (Object.hasOwn(withheld, key)) return `the option "${key}" is not offered on this socket: ${withheld[key]}`;
      return unknown(name, 'option', key, Object.keys(declared));
    }
    const fault = readOption(key, option, value, values, flags);
    if (fault !== undefined) return `"options.${key}" ${fault}`;
  }
  return must === undefined || flags.has(must)
    ? undefined
    : `${name} needs "options": {"${must}": true} on this socket`;
}

function readOption(
  key: string,
  option: OptionDeclaration,
  value: unknown,
  values: Map<string, readonly string[]>,
  flags: Set<string>,
): string | undefined {
  if (option.type === 'boolean') {
    if (typeof value !== 'boolean') return 'is neither true nor false';
    if (value) flags.add(key);
  } else if (option.type === 'number') {
    if (typeof value !== 'number' || !(value >= 0 && value <= MOST_NUMBER))
      return `is no number from 0 to ${MOST_NUMBER}`;
    values.set(key, [String(value)]);
  } else {
    const texts = textsOf(value, option);
    if (typeof texts === 'string') return texts;
    if (option.optional !== true && texts.includes('')) return 'is empty';
    if (texts.length > 0) values.set(key, texts);
  }
  return undefined;
}

/** @returns the members of an object of JSON, none for undefined; undefined for anything else */
function membersOf(value: unknown): [string, unknown][] | undefined {
  if (value === undefined) return [];
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : undefined;
}

/** @returns the texts of a word or an option, or what is wrong with them */
function textsOf(
  value: unknown,
  { many, choices, optional }: Pick<OptionDeclaration, 'many' | 'choices' | 'optional'>,
): readonly string[] | string {
  const texts: readonly unknown[] = many === true && Array.isArray(value) ? value : [value];
  if (many === true && !Array.isArray(value)) return 'is not a list of texts';
  if (!texts.every((one) => typeof one === 'string')) return many === true ? 'is not a list of texts' : 'is not a text';
  if (texts.some((one) => UNTYPABLE.test(one))) return 'has a character that no text can have';
  const isChoice = (one: string): boolean =>
    choices === undefined || choices.includes(one) || (optional === true && one === '');
  return texts.every(isChoice) ? texts : `is none of ${choices?.join(', ')}`;
}

function unknown(command: string, what: 'word' | 'option', key: string, known: readonly string[]): string {
  const has = known.length === 0 ? 'it has none' : `it has ${known.join(', ')}`;
  return `${command} has no ${what} "${printable(key, 40)}": ${has}`;
}

/** The agent has another working folder than its client. */
function pathFault(
  { words, options }: OfferedCommand,
  values: ReadonlyMap<string, readonly string[]>,
  flags: ReadonlySet<string>,
): string | undefined {
  const isGiven = (name: string): boolean => values.has(name) || flags.has(name);
  const kinds: (readonly [where: string, name: string, kind: PathKind | undefined])[] = [
    ...words.map((word) => ['words', word.name, kindOf(word, isGiven)] as const),
    ...Object.entries(options).map(([name, { path }]) => ['options', name, path] as const),
  ];
  for (const [where, name, kind] of kinds) {
    if (kind === undefined || !(values.get(name) ?? []).some((value) => isRelative(value, kind))) continue;
    return `"${where}.${name}" is a relative path: the agent has a working folder of its own, so write an absolute one`;
  }
  return undefined;
}

function kindOf({ path, nameWith = [] }: WordDeclaration, isGiven: (name: string) => boolean): PathKind | undefined {
  return path === 'always' && nameWith.some(isGiven) ? 'or-name' : path;
}

function isRelative(value: string, kind: PathKind): boolean {
  if (isVmWord(value)) return false;
  if (kind === 'in-uri') return /^(unix|file):(?!\/)/.test(value);
  return !value.startsWith('/') && (kind === 'always' || value.includes('/') || FILE_NAME.test(value));
}
