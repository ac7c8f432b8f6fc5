import { shellWord } from './shell-word.js';

/** Only this file makes commands and options, so that every inserted word is quoted. */
declare const made: unique symbol;

/** One line for a shell, which a user can type as it is. */
export interface Command {
  readonly command: string;
  readonly [made]: true;
}

/** Words to add to the command line that the user typed. */
export interface Options {
  readonly options: string;
  readonly [made]: true;
}

/** Words for people: what to do, or a line for a file. */
export interface Advice {
  readonly advice: string;
}

export type FixPart = Command | Options | Advice;

/** What fixes a problem. A part that can't be typed is undefined, and is left out. */
export type Fix = FixPart | readonly (FixPart | undefined)[];

/** What a template inserts: one word, several, or one that is never read as an option. */
type Inserted = string | number | readonly string[] | Operand;

interface Operand {
  readonly operand: string;
}

/** A path, also for programs that know no `--`: `-x` becomes `./-x`. */
export function path(text: string): Operand {
  return { operand: text.startsWith('-') ? `./${text}` : text };
}

/** A word where a program takes no options, such as after the format of printf. */
export function operand(text: string): Operand {
  return { operand: text };
}

/**
 * Makes a command line: sh`qplug detach ${vm} ${id} --live`. The template itself is for the shell; inserted words are raw
 * text, which `sh` quotes. If such a word begins with `-`, `sh` puts options before it, and `--` after them.
 *
 * @returns undefined where a word can't be typed
 */
export function sh(template: TemplateStringsArray, ...inserted: Inserted[]): Command | undefined {
  const command = spelled(template, inserted);
  return command === undefined ? undefined : ({ command } as Command);
}

/** @returns a command line of words that may be options: a typed command line with one word corrected */
export function asTyped(...words: readonly string[]): Command | undefined {
  const shown = words.map(shellWord);
  return shown.includes(undefined) ? undefined : ({ command: shown.join(' ') } as Command);
}

/** @returns the same for options */
export function asOptions(...words: readonly string[]): Options | undefined {
  const line = asTyped(...words);
  return line === undefined ? undefined : ({ options: line.command } as Options);
}

/** Makes options: options`--controller ${id} --port ${port}`. @returns undefined where a word can't be typed */
export function options(template: TemplateStringsArray, ...inserted: Inserted[]): Options | undefined {
  const text = spelled(template, inserted);
  return text === undefined ? undefined : ({ options: text } as Options);
}

/** @returns the parts, with all options among them on one line, before the words for people */
export function oneLineOfOptions(parts: readonly (FixPart | undefined)[]): FixPart[] {
  const there = parts.filter((part) => part !== undefined);
  const all = there.flatMap((part) => ('options' in part ? part.options : [])).join(' ');
  return [
    ...there.filter((part) => 'command' in part),
    ...(all === '' ? [] : [{ options: all } as Options]),
    ...there.filter((part) => 'advice' in part),
  ];
}

/**
 * Makes words for people.
 *
 * @param parts - printable text, and commands or options within it
 * @returns undefined where a part can't be typed
 */
export function advice(...parts: readonly (string | Command | Options | undefined)[]): Advice | undefined {
  if (parts.includes(undefined)) return undefined;
  return { advice: parts.map((part) => (typeof part === 'object' ? typed(part) : part)).join('') };
}

/** @returns the text of a command or of options */
function typed(part: Command | Options): string {
  return 'command' in part ? part.command : part.options;
}

/**
 * @returns the lines of a fix. Beside a command or options, advice becomes a comment, so that a user can paste the whole into a shell,
 *   or add it to a command line
 */
export function fixLines(fix: Fix | undefined): string | undefined {
  const parts = [fix ?? []].flat().filter((part) => part !== undefined);
  const runs = parts.some((part) => 'command' in part);
  const types = runs || parts.some((part) => 'options' in part);
  const lines = parts.map((part) => {
    if ('command' in part) return part.command;
    if ('options' in part) return runs ? `# add ${part.options}` : part.options;
    return types ? `# ${part.advice}` : part.advice;
  });
  return lines.length === 0 ? undefined : lines.join('\n');
}

/** A word of a template; `raw`: the inserted word that it consists of. */
interface Token {
  readonly text: string;
  readonly raw: string | undefined;
}

function spelled(template: TemplateStringsArray, inserted: readonly Inserted[]): string | undefined {
  const all = inserted.map(wordsOf);
  const named = template[0] === '';
  // the program itself is never an option
  const words = all.map((some, index) => (index === 0 && named ? some.map((one) => ({ ...one, raw: '' })) : some));
  if (words.some((some) => some.some(({ word }) => word === undefined))) return undefined;
  const dashed = words.some((some) => some.some(({ raw }) => raw.startsWith('-')));
  const program = named ? programOf(all[0]?.[0]?.raw) : undefined;
  const text = (index: number): string =>
    index === 0 && program !== undefined ? program : (words[index] ?? []).map(({ word }) => word).join(' ');
  if (!dashed) return template.reduce((line, literal, index) => line + text(index - 1) + literal);
  return withDashes(tokensOf(template, words, program));
}

function wordsOf(one: Inserted): { readonly raw: string; readonly word: string | undefined }[] {
  // only a word that may be read as an option matters later
  if (typeof one === 'object' && 'operand' in one) return [{ raw: '', word: shellWord(one.operand) }];
  const raws = typeof one === 'object' ? one : [String(one)];
  return raws.map((raw) => ({ raw, word: shellWord(raw) }));
}

/** As the program, `if` would be a keyword of the shell and `a=b` a variable: only a word that is neither stays unquoted. */
function programOf(raw: string | undefined): string | undefined {
  if (raw === undefined || /^[\w@:,.+-]*[/-][\w@:,./+-]*$/.test(raw)) return undefined;
  const word = shellWord(raw);
  return word === raw ? `'${raw}'` : word;
}

/** @returns a template divided into words at its blanks */
function tokensOf(
  template: TemplateStringsArray,
  words: readonly (readonly { readonly raw: string; readonly word: string | undefined }[])[],
  program: string | undefined,
): Token[] {
  const tokens: Token[] = [];
  let open = false; // whether the last token continues
  const add = (text: string, raw: string | undefined): void => {
    const last = tokens.at(-1);
    if (!open || last === undefined) tokens.push({ text, raw });
    else tokens[tokens.length - 1] = { text: last.text + text, raw: undefined };
    open = true;
  };
  template.forEach((literal, index) => {
    for (const piece of literal.split(/( +)/)) {
      if (piece === '') continue;
      if (piece.startsWith(' ')) open = false;
      else add(piece, undefined);
    }
    for (const [n, { raw, word = '' }] of (words[index] ?? []).entries()) {
      if (n > 0) open = false;
      add(index === 0 && n === 0 && program !== undefined ? program : word, raw);
    }
  });
  return tokens;
}

/** Words that begin with `-` are given as `--option=-x`, or after a `--`, which all options go before. */
function withDashes(tokens: readonly Token[]): string {
  const joined: Token[] = [];
  for (const token of tokens) {
    const last = joined.at(-1);
    const isValue =
      token.raw?.startsWith('-') === true && last?.raw === undefined && /^--[a-z-]+$/.test(last?.text ?? '');
    if (isValue && last !== undefined)
      joined[joined.length - 1] = { text: `${last.text}=${token.text}`, raw: undefined };
    else joined.push(token);
  }
  const isWord = ({ raw }: Token): boolean => raw !== undefined;
  const start = joined.findIndex(isWord);
  const bare = joined.some(({ raw }) => raw?.startsWith('-') === true);
  if (start < 0 || !bare) return joined.map(({ text }) => text).join(' ');
  const tail = joined.findIndex(({ raw, text }, index) => index > start && raw === undefined && text.startsWith('-'));
  const end = tail < 0 ? joined.length : tail;
  const ordered = [...joined.slice(0, start), ...joined.slice(end), { text: '--' }, ...joined.slice(start, end)];
  return ordered.map(({ text }) => text).join(' ');
}
