import type { Finding } from '../diag/index.js';
import type { Terminal } from './terminal.js';

/**
 * How a value may name a file or a socket: `always` a path · `or-name`: a path if it has a `/` or ends as a file or socket does, else a name ·
 * `in-uri`: after `unix:` or `file:`. A program with another working folder than its caller's needs absolute paths.
 */
export type PathKind = 'always' | 'or-name' | 'in-uri';

/** An option of a command line, as the parser and the help know it. */
export interface OptionDeclaration {
  /** `number`: seconds, or anything else that is counted: 0 or more. */
  readonly type: 'boolean' | 'string' | 'number';
  readonly describe: string;
  /** One letter. */
  readonly short?: string | undefined;
  /** May be given several times: its value is a list. */
  readonly many?: boolean | undefined;
  /** The value may be left out, and counts as empty then; one that is given follows a `=`. */
  readonly optional?: boolean | undefined;
  readonly choices?: readonly string[] | undefined;
  /** What stands for the value in the help. */
  readonly argument?: string | undefined;
  /** Undefined: it is never a path. */
  readonly path?: PathKind | undefined;
}

/** A word after a command's name. Those that must be there come first; one of several is the last. */
export interface WordDeclaration {
  readonly name: string;
  /** With its article: `a VM`. */
  readonly what: string;
  readonly describe: string;
  readonly required: boolean;
  readonly many?: boolean | undefined;
  readonly choices?: readonly string[] | undefined;
  /** Undefined: it is never a path. */
  readonly path?: PathKind | undefined;
  /** With one of these words or options, a word that is `always` a path may be a name: `or-name`. */
  readonly nameWith?: readonly string[] | undefined;
}

/** The headings of the help. */
export type CommandGroup = 'look' | 'run' | 'plug' | 'mend';

/** A command as data. What it does is loaded only when it is called. */
export interface CommandDeclaration {
  readonly name: string;
  readonly aliases?: readonly string[] | undefined;
  readonly group: CommandGroup;
  /** A few words for the list of commands. */
  readonly brief: string;
  /** A sentence or two for the command's own help. */
  readonly summary: string;
  readonly words: readonly WordDeclaration[];
  readonly options: Readonly<Record<string, OptionDeclaration>>;
  /** Command line and what it is for. */
  readonly examples: readonly (readonly [line: string, purpose: string])[];
  /** The schemas of its documents without their ending; a command that prints as it goes has others for its lines. */
  readonly documents: readonly string[];
  load(): Promise<{ readonly run: CommandHandler }>;
}

/** Reads the words and options of one call; each access names the type that was declared. */
export interface Arguments {
  text(name: string): string | undefined;
  /** Of a word that must be there. */
  word(name: string): string;
  texts(name: string): readonly string[];
  number(name: string): number | undefined;
  flag(name: string): boolean;
}

export type CommandHandler = (
  args: Arguments,
  terminal: Terminal,
  commands: CommandRunner,
) => Promise<Outcome | Streamed>;

/** A command and what it is called with. */
export interface CommandCall {
  readonly command: CommandDeclaration;
  readonly args: Arguments;
}

/** All commands, for the one that offers them to other programs. */
export interface CommandRunner {
  readonly all: readonly CommandDeclaration[];
  /**
   * Runs a command to its end as the command line does. Throws nothing: what goes wrong is printed.
   *
   * @param options - `mends`: whether it first mends what killed processes left, as on the command line; default true
   * @returns the exit code
   */
  run(call: CommandCall, terminal: Terminal, options?: { readonly mends?: boolean }): Promise<number>;
}

/** What a command found out: data for `--json`, words for people. Neither is made unless it is asked for. */
export interface Outcome {
  /** The schema's name without its ending: `devices` for schemas/devices.schema.json. */
  readonly schema: string;
  readonly document: () => Readonly<Record<string, unknown>>;
  readonly text: () => string;
  /** Warnings and notes: to stderr, and part of the document. */
  readonly findings?: readonly Finding[] | undefined;
  /** 0 unless told otherwise. */
  readonly exit?: number | undefined;
}

/** A command that printed as it went, and is over. */
export interface Streamed {
  readonly exit: number;
}
