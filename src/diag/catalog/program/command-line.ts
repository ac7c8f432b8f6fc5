import type { Text } from '../../finding.js';
import { advice, asOptions, asTyped, type Fix, options, sh } from '../../fix.js';
import { printable } from '../../printable.js';
import { list } from '../words.js';

export const commandLine = {
  'command-missing': {
    kind: 'usage',
    text: ({ commands }: { commands: readonly string[] }): Text => ({
      what: 'qplug needs a command',
      why: `the commands are ${list(commands)}`,
      fix: sh`qplug --help`,
    }),
  },
  'command-unknown': {
    kind: 'usage',
    text: ({
      word,
      commands,
      nearest,
      corrected,
    }: {
      word: string;
      commands: readonly string[];
      nearest: string | undefined;
      /** The command line with the nearest word in its place. */
      corrected: readonly string[] | undefined;
    }): Text => ({
      what: `there is no command ${quote(word)}`,
      why: nearest === undefined ? `the commands are ${list(commands)}` : `did you mean ${printable(nearest)}?`,
      fix: retyped(corrected) ?? sh`qplug --help`,
    }),
  },
  'option-unknown': {
    kind: 'usage',
    text: ({
      option,
      command,
      nearest,
      others,
      corrected,
    }: {
      /** As the user wrote it. */
      option: string;
      command: string | undefined;
      nearest: string | undefined;
      /** Commands that have it. */
      others: readonly string[];
      corrected: readonly string[] | undefined;
    }): Text => ({
      what: `${command === undefined ? 'qplug' : `qplug ${printable(command)}`} has no option ${quote(option)}`,
      why: unknownWhy(nearest, others),
      fix: retyped(corrected) ?? helpOf(command),
    }),
  },
  'option-needs-value': {
    kind: 'usage',
    text: ({ option, command, argument }: { option: string; command: string; argument: string }): Text => ({
      what: `${printable(option)} needs a value: ${printable(option)} ${printable(argument)}`,
      fix: helpOf(command),
    }),
  },
  'option-not-a-number': {
    kind: 'usage',
    text: ({
      option,
      value,
      most,
      command,
    }: {
      option: string;
      command: string;
      value: string;
      most: number;
    }): Text => ({
      what: `${printable(option)} takes a number of seconds from 0 to ${most}`,
      why: `${quote(value)} is not one`,
      fix: helpOf(command),
    }),
  },
  'option-not-a-choice': {
    kind: 'usage',
    text: ({
      option,
      value,
      choices,
      nearest,
    }: {
      option: string;
      command: string;
      value: string;
      choices: readonly string[];
      nearest: string | undefined;
    }): Text => ({
      what: `${printable(option)} can't be ${quote(value)}`,
      why: `it takes ${list(choices)}`,
      fix: nearest === undefined ? undefined : asOptions(option, nearest),
    }),
  },
  'word-missing': {
    kind: 'usage',
    text: ({
      command,
      what,
      describe,
      example,
    }: {
      command: string;
      /** With its article: `a VM`. */
      what: string;
      describe: string;
      example: string;
    }): Text => ({
      what: `qplug ${printable(command)} needs ${printable(what)}`,
      why: `${lowerFirst(printable(describe))}; for example: ${printable(example)}`,
      fix: helpOf(command),
    }),
  },
  'word-not-a-choice': {
    kind: 'usage',
    text: ({
      command,
      word,
      choices,
      nearest,
    }: {
      command: string;
      word: string;
      choices: readonly string[];
      nearest: string | undefined;
    }): Text => ({
      what: `qplug ${printable(command)} does not know ${quote(word)}`,
      why: `it takes ${list(choices)}`,
      fix: nearest === undefined ? helpOf(command) : sh`qplug ${command} ${nearest}`,
    }),
  },
  'words-too-many': {
    kind: 'usage',
    text: ({ command, words, usage }: { command: string; words: readonly string[]; usage: string }): Text => ({
      what: `too many words: ${words.map(quote).join(' ')}`,
      why: `usage: qplug ${printable(usage)}`,
      fix: helpOf(command),
    }),
  },
  'options-conflict': {
    kind: 'usage',
    text: ({ options, why, fix }: { options: readonly string[]; why: string; fix: string }): Text => ({
      what: `${options.map((one) => printable(one)).join(' and ')} can't be combined`,
      why: printable(why),
      fix: advice(printable(fix)),
    }),
  },
  'attach-nothing': {
    kind: 'usage',
    text: ({ vm }: { vm: string }): Text => ({
      what: 'qplug attach needs a device: a selector, or --emulated MODEL',
      why: 'qplug devices lists the devices of this host',
      fix: sh`qplug attach ${vm} 0781:5567`,
    }),
  },
  'port-of-several': {
    kind: 'usage',
    text: ({ devices }: { devices: number }): Text => ({
      what: '--port applies to one device',
      why: `the command names ${devices}`,
      fix: advice('First attach the device for that port, then the others without --port'),
    }),
  },
  'explain-unknown': {
    kind: 'not-found',
    text: ({
      device,
      known,
      nearest,
    }: {
      device: string;
      known: readonly string[];
      nearest: string | undefined;
    }): Text => ({
      what: `this plan has no device ${printable(device)}`,
      why: known.length === 0 ? 'it has no devices' : `it has: ${list(known)}`,
      fix: nearest === undefined ? undefined : options`--explain=${nearest}`,
    }),
  },
  'json-invalid': {
    kind: 'usage',
    text: ({ vm, command, text, reason }: { vm: string; command: string; text: string; reason: string }): Text => ({
      what: 'the arguments of a QMP command must be one JSON object',
      why: `${printable(reason)} in ${printable(text, 80)}`,
      fix: sh`qplug qmp ${vm} ${command} '{"path": "/machine"}'`,
    }),
  },
  'svg-and-json': {
    kind: 'usage',
    text: ({ command }: { command: string }): Text => ({
      what: "--svg - and --json can't both print to stdout",
      why: `qplug ${printable(command)} --json prints one document there`,
      fix: options`--svg picture.svg --json`,
    }),
  },
} as const;

function unknownWhy(nearest: string | undefined, others: readonly string[]): string | undefined {
  if (others.length > 0) return `it is an option of ${list(others)}`;
  return nearest === undefined ? undefined : `did you mean --${printable(nearest)}?`;
}

function helpOf(command: string | undefined): Fix | undefined {
  return command === undefined ? sh`qplug --help` : sh`qplug ${command} --help`;
}

function quote(word: string): string {
  return `"${printable(word, 80)}"`;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/** @returns the line to type, or undefined where there is none, or it can't be typed */
function retyped(words: readonly string[] | undefined): Fix | undefined {
  return words === undefined ? undefined : asTyped('qplug', ...words);
}
