import type { SourceLocation, Text } from '../../finding.js';
import { type Advice, advice } from '../../fix.js';
import { printable, verbatim } from '../../printable.js';
import { list, quote } from '../words.js';

const at = ({ file, line, column }: SourceLocation): string => `${printable(file)}:${line}:${column}`;

const fixWord = (word: string | undefined, write: (word: string) => string): Advice | undefined =>
  word === undefined ? undefined : advice(`write \`${write(word)}\``);

export const vmFileValues = {
  'key-unknown': {
    kind: 'usage',
    text: ({
      key,
      within,
      known,
      nearest,
    }: {
      key: string;
      within: string;
      known: readonly string[];
      nearest: string | undefined;
    }): Text => ({
      what: `unknown key ${quote(key)}${within === '' ? '' : ` in ${quote(within)}`}`,
      why: nearest === undefined ? `known here: ${list(known)}` : undefined,
      fix: fixWord(nearest, (word) => `${word}:`),
    }),
  },
  'key-duplicate': {
    kind: 'usage',
    text: ({ key, first }: { key: string; first: SourceLocation }): Text => ({
      what: `key ${quote(key)} appears twice`,
      why: `first at ${at(first)}`,
    }),
  },
  'key-missing': {
    kind: 'usage',
    text: ({ key, within }: { key: string; within: string }): Text => ({
      what: `${within === '' ? 'the file' : quote(within)} lacks ${quote(key)}`,
      fix: advice(`add \`${printable(key)}: …\``),
    }),
  },
  'value-unknown': {
    kind: 'usage',
    text: ({
      key,
      value,
      known,
      nearest,
    }: {
      key: string;
      value: string;
      known: readonly string[];
      nearest: string | undefined;
    }): Text => ({
      what: `${quote(key)} can't be ${quote(value)}`,
      why: nearest === undefined ? `known: ${list(known)}` : undefined,
      fix: fixWord(nearest, (word) =>
        /\.\d+$/.test(key) ? word : `${printable(key.slice(key.lastIndexOf('.') + 1))}: ${word}`,
      ),
    }),
  },
  /** `mended`: the corrected value, if only quotes or brackets are missing. */
  'value-type': {
    kind: 'usage',
    text: ({
      key,
      expected,
      found,
      mended,
    }: {
      key: string;
      expected: string;
      found: string;
      mended: string | undefined;
    }): Text => ({
      what: `${quote(key)} must be ${expected}, but is ${printable(found, 120)}`,
      fix: fixWord(mended && verbatim(mended, 120), (word) => word),
    }),
  },
  'value-range': {
    kind: 'usage',
    text: ({
      key,
      value,
      least,
      most,
    }: {
      key: string;
      value: number;
      least: number | undefined;
      most: number | undefined;
    }): Text => ({ what: `${quote(key)} must be ${bounds(least, most)}, but is ${value}` }),
  },
  'value-count': {
    kind: 'usage',
    text: ({ key, least, most }: { key: string; least: number | undefined; most: number | undefined }): Text => ({
      what: `${quote(key)} must have ${bounds(least, most)} entries`,
    }),
  },
  'value-form': {
    kind: 'usage',
    text: ({ key, value, form }: { key: string; value: string; form: string }): Text => ({
      what: `${quote(key)} can't be ${quote(value)}`,
      why: `it must be ${form}`,
    }),
  },
  'value-nul': {
    kind: 'usage',
    text: ({ key }: { key: string }): Text => ({
      what: `${quote(key)} holds a NUL character`,
      why: 'no program argument can hold one',
    }),
  },
  'id-used-twice': {
    kind: 'usage',
    text: ({ id, first }: { id: string; first: SourceLocation }): Text => ({
      what: `id ${quote(id)} is used twice`,
      why: `first at ${at(first)}`,
    }),
  },
  'id-reserved': {
    kind: 'usage',
    text: ({ id, prefix }: { id: string; prefix: string }): Text => ({
      what: `id ${quote(id)} is reserved`,
      why: `qplug uses ids that begin with \`${prefix}\` for what it adds itself`,
    }),
  },
  'selector-wrong': {
    kind: 'usage',
    text: ({ select, reason }: { select: string; reason: string }): Text => ({
      what: `${quote(select)} is not a selector`,
      why: printable(reason),
    }),
  },
  'wanted-twice': {
    kind: 'usage',
    text: ({ selector, label }: { selector: string; label: string }): Text => ({
      what: `${printable(selector)} matches a device that another entry already names`,
      why: `it is ${printable(label)}`,
    }),
  },
} as const;

function bounds(least: number | undefined, most: number | undefined): string {
  if (least === undefined) return `at most ${most}`;
  return most === undefined ? `at least ${least}` : `${least} to ${most}`;
}
