import { type Finding, finding, nearest } from '../../diag/index.js';
import type { Arguments, CommandDeclaration, OptionDeclaration } from '../command.js';
import { formatUsage } from './usage-line.js';

/** An option of a command line, or why it is none. */
export type Found =
  | {
      readonly name: string;
      /** As it was written: `--port`, `-v`. */
      readonly option: string;
      readonly declared: OptionDeclaration;
      /** Undefined for a switch; empty where none was given. */
      readonly value: string | undefined;
    }
  | { readonly name: string; readonly finding: Finding };

/** The longest time in seconds that Node's timers take: 2³¹ - 1 ms is 24.8 days. */
export const MOST_NUMBER = 2_000_000;

/**
 * Gives the words and options of one call to what its command declares.
 *
 * @param words - after the command's name
 * @returns the arguments, and all that is wrong with them
 */
export function readArguments(
  command: CommandDeclaration,
  options: readonly Found[],
  words: readonly string[],
): { readonly args: Arguments; readonly findings: readonly Finding[] } {
  const values = new Map<string, string[]>();
  const flags = new Set<string>();
  const findings: Finding[] = [];
  for (const found of options) {
    const wrong = 'finding' in found ? found.finding : faultOf(found, command);
    if (wrong !== undefined) findings.push(wrong);
    else if ('option' in found && found.value !== undefined) {
      values.set(found.name, [...(values.get(found.name) ?? []), found.value]);
    } else flags.add(found.name);
  }
  // after a wrong option nobody knows whether the next word was its value
  if (findings.length === 0) findings.push(...takeWords(command, words, values));
  return { args: argumentsOf(values, flags), findings };
}

/**
 * @param values - of words and options, by name; all are checked
 * @param flags - the names of the switches that are on
 */
export function argumentsOf(values: ReadonlyMap<string, readonly string[]>, flags: ReadonlySet<string>): Arguments {
  const text = (name: string): string | undefined => values.get(name)?.at(-1);
  return {
    text,
    word: (name) => text(name) ?? '',
    texts: (name) => values.get(name) ?? [],
    number: (name) => {
      const value = text(name);
      return value === undefined ? undefined : Number(value);
    },
    flag: (name) => flags.has(name),
  };
}

function faultOf(found: Extract<Found, { option: string }>, command: CommandDeclaration): Finding | undefined {
  const { option, declared, value } = found;
  const evidence = { option, command: command.name };
  if (declared.type === 'boolean') return undefined;
  if (value === '' && declared.optional === true) return undefined;
  if (value === undefined || value === '') {
    const argument = declared.choices?.join('|') ?? declared.argument ?? 'VALUE';
    return finding('option-needs-value', { ...evidence, argument });
  }
  if (declared.choices !== undefined && !declared.choices.includes(value)) {
    const meant = nearest(value, declared.choices);
    return finding('option-not-a-choice', { ...evidence, value, choices: declared.choices, nearest: meant });
  }
  if (declared.type === 'number' && !(/^\d+(\.\d+)?$/.test(value) && Number(value) <= MOST_NUMBER)) {
    return finding('option-not-a-number', { ...evidence, value, most: MOST_NUMBER });
  }
  return undefined;
}

function takeWords(command: CommandDeclaration, words: readonly string[], values: Map<string, string[]>): Finding[] {
  const left = [...words];
  for (const word of command.words) {
    const taken = word.many === true ? left.splice(0) : left.splice(0, 1);
    const wrong = taken.find((one) => word.choices?.includes(one) === false);
    if (wrong !== undefined && word.choices !== undefined) {
      const meant = nearest(wrong, word.choices);
      return [
        finding('word-not-a-choice', { command: command.name, word: wrong, choices: word.choices, nearest: meant }),
      ];
    }
    if (taken.length > 0) values.set(word.name, taken);
    else if (word.required) {
      const [example] = command.examples;
      const { what, describe } = word;
      return [finding('word-missing', { command: command.name, what, describe, example: example?.[0] ?? '' })];
    }
  }
  if (left.length === 0) return [];
  return [finding('words-too-many', { command: command.name, words: left, usage: formatUsage(command) })];
}
