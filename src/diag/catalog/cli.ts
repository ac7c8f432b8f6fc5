import type { Catalog, Text } from '../finding.js';
import { advice, asOptions, asTyped, type Fix, options, path, sh } from '../fix.js';
import { printable } from '../printable.js';

/** The findings of src/cli, each with its evidence. */
export interface CliEvidence {
  'command-missing': { readonly commands: readonly string[] };
  'command-unknown': {
    readonly word: string;
    readonly commands: readonly string[];
    readonly nearest: string | undefined;
    /** The command line with the nearest word in its place. */
    readonly corrected: readonly string[] | undefined;
  };
  'option-unknown': {
    /** As it was written. */
    readonly option: string;
    readonly command: string | undefined;
    readonly nearest: string | undefined;
    /** Commands that have it. */
    readonly others: readonly string[];
    readonly corrected: readonly string[] | undefined;
  };
  'option-needs-value': { readonly option: string; readonly command: string; readonly argument: string };
  'option-not-a-number': {
    readonly option: string;
    readonly command: string;
    readonly value: string;
    readonly most: number;
  };
  'option-not-a-choice': {
    readonly option: string;
    readonly command: string;
    readonly value: string;
    readonly choices: readonly string[];
    readonly nearest: string | undefined;
  };
  'word-missing': {
    readonly command: string;
    /** With its article: `a VM`. */
    readonly what: string;
    readonly describe: string;
    readonly example: string;
  };
  'word-not-a-choice': {
    readonly command: string;
    readonly word: string;
    readonly choices: readonly string[];
    readonly nearest: string | undefined;
  };
  'words-too-many': { readonly command: string; readonly words: readonly string[]; readonly usage: string };
  'options-conflict': { readonly options: readonly string[]; readonly why: string; readonly fix: string };
  'attach-nothing': { readonly vm: string };
  'explain-unknown': {
    readonly device: string;
    readonly known: readonly string[];
    readonly nearest: string | undefined;
  };
  'port-of-several': { readonly devices: number };
  'json-invalid': {
    readonly vm: string;
    readonly command: string;
    readonly text: string;
    readonly reason: string;
  };
  'svg-and-json': { readonly command: string };
  'document-too-deep': Readonly<Record<string, never>>;
  'picture-unwritable': {
    readonly path: string;
    readonly problem: 'folder' | 'not-a-file' | 'dangling-link' | 'no-folder' | 'others' | 'system';
    /** What the system says, for `system`; how others have their hand in it, for `others`. */
    readonly reason: string;
  };
}

export const cliCatalog: Catalog<CliEvidence> = {
  'command-missing': {
    kind: 'usage',
    text: ({ commands }) => ({
      what: 'qplug needs a command',
      why: `there are ${list(commands)}`,
      fix: sh`qplug --help`,
    }),
  },
  'command-unknown': {
    kind: 'usage',
    text: ({ word, commands, nearest, corrected }) => ({
      what: `there is no command ${quote(word)}`,
      why: nearest === undefined ? `there are ${list(commands)}` : `did you mean ${printable(nearest)}?`,
      fix: retyped(corrected) ?? sh`qplug --help`,
    }),
  },
  'option-unknown': {
    kind: 'usage',
    text: ({ option, command, nearest, others, corrected }) => ({
      what: `${command === undefined ? 'qplug' : `qplug ${printable(command)}`} has no option ${quote(option)}`,
      why: unknownWhy(nearest, others),
      fix: retyped(corrected) ?? helpOf(command),
    }),
  },
  'option-needs-value': {
    kind: 'usage',
    text: ({ option, command, argument }) => ({
      what: `${printable(option)} needs a value: ${printable(option)} ${printable(argument)}`,
      fix: helpOf(command),
    }),
  },
  'option-not-a-number': {
    kind: 'usage',
    text: ({ option, value, most, command }) => ({
      what: `${printable(option)} takes a number of seconds from 0 to ${most}`,
      why: `it was given ${quote(value)}`,
      fix: helpOf(command),
    }),
  },
  'option-not-a-choice': {
    kind: 'usage',
    text: ({ option, value, choices, nearest }) => ({
      what: `${printable(option)} can not be ${quote(value)}`,
      why: `it takes ${list(choices)}`,
      fix: nearest === undefined ? undefined : asOptions(option, nearest),
    }),
  },
  'word-missing': {
    kind: 'usage',
    text: ({ command, what, describe, example }) => ({
      what: `qplug ${printable(command)} needs ${printable(what)}`,
      why: `${lowerFirst(printable(describe))}; for example: ${printable(example)}`,
      fix: helpOf(command),
    }),
  },
  'word-not-a-choice': {
    kind: 'usage',
    text: ({ command, word, choices, nearest }) => ({
      what: `qplug ${printable(command)} does not know ${quote(word)}`,
      why: `it takes ${list(choices)}`,
      fix: nearest === undefined ? helpOf(command) : sh`qplug ${command} ${nearest}`,
    }),
  },
  'words-too-many': {
    kind: 'usage',
    text: ({ command, words, usage }) => ({
      what: `${words.map(quote).join(' ')} ${words.length === 1 ? 'is' : 'are'} too much`,
      why: `it is: qplug ${printable(usage)}`,
      fix: helpOf(command),
    }),
  },
  'options-conflict': {
    kind: 'usage',
    text: ({ options, why, fix }) => ({
      what: `${options.map((one) => printable(one)).join(' and ')} do not go together`,
      why: printable(why),
      fix: advice(printable(fix)),
    }),
  },
  'attach-nothing': {
    kind: 'usage',
    text: ({ vm }) => ({
      what: 'qplug attach needs a device: a selector, or --emulated MODEL',
      why: 'qplug devices shows what is plugged into this host',
      fix: sh`qplug attach ${vm} 0781:5567`,
    }),
  },
  'explain-unknown': {
    kind: 'not-found',
    text: ({ device, known, nearest }) => ({
      what: `there is no ${printable(device)} in this plan`,
      why: known.length === 0 ? 'it has no devices' : `there is: ${list(known)}`,
      fix: nearest === undefined ? undefined : options`--explain=${nearest}`,
    }),
  },
  'port-of-several': {
    kind: 'usage',
    text: ({ devices }) => ({
      what: '--port fixes the place of one device',
      why: `${devices} are named`,
      fix: advice('attach that one by itself first, then the others without --port'),
    }),
  },
  'json-invalid': {
    kind: 'usage',
    text: ({ vm, command, text, reason }) => ({
      what: 'the arguments of a QMP command must be one JSON object',
      why: `${printable(reason)} in ${printable(text, 80)}`,
      fix: sh`qplug qmp ${vm} ${command} '{"path": "/machine"}'`,
    }),
  },
  'svg-and-json': {
    kind: 'usage',
    text: ({ command }) => ({
      what: '--svg - and --json can not both go to stdout',
      why: `qplug ${printable(command)} --json prints one document there`,
      fix: options`--svg picture.svg --json`,
    }),
  },
  'document-too-deep': {
    kind: 'failed',
    text: () => ({
      what: 'the result can not be printed',
      why: 'it is nested too deeply, or longer than a text can be',
    }),
  },
  'picture-unwritable': {
    kind: 'failed',
    text: ({ path, problem, reason }) => ({
      what: `the picture can not be written to ${quote(path)}`,
      ...PICTURE_PROBLEMS[problem](path, printable(reason)),
    }),
  },
};

type PictureProblem = CliEvidence['picture-unwritable']['problem'];

const PICTURE_PROBLEMS: Readonly<Record<PictureProblem, (path: string, reason: string) => Pick<Text, 'why' | 'fix'>>> =
  {
    folder: (file) => ({
      why: 'it is a folder',
      fix: options`--svg ${`${file.replace(/\/+$/, '')}/picture.svg`}`,
    }),
    'not-a-file': () => ({
      why: 'it is a device, a pipe or a socket, and the picture would take its place',
      fix: options`--svg -`,
    }),
    'dangling-link': (file) => ({
      why: 'it is a link to nothing that is there',
      fix: sh`rm ${path(file)}`,
    }),
    'no-folder': (file) => ({
      why: 'there is no such folder',
      fix: file.includes('/') ? sh`mkdir -p ${path(file.replace(/\/[^/]*$/, ''))}` : undefined,
    }),
    others: (_path, reason) => ({ why: reason, fix: options`--svg ./picture.svg` }),
    system: (_path, reason) => ({ why: reason }),
  };

function unknownWhy(nearest: string | undefined, others: readonly string[]): string | undefined {
  if (others.length > 0) return `it belongs to ${list(others)}`;
  return nearest === undefined ? undefined : `did you mean --${printable(nearest)}?`;
}

function helpOf(command: string | undefined): Fix | undefined {
  return command === undefined ? sh`qplug --help` : sh`qplug ${command} --help`;
}

function quote(word: string): string {
  return `"${printable(word, 80)}"`;
}

function list(names: readonly string[]): string {
  return names.map((name) => printable(name)).join(', ');
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/** @returns the line to type, or undefined where there is none, or it can't be typed */
function retyped(words: readonly string[] | undefined): Fix | undefined {
  return words === undefined ? undefined : asTyped('qplug', ...words);
}
