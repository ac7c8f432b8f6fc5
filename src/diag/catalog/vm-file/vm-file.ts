import type { Text } from '../../finding.js';
import { advice } from '../../fix.js';
import { printable } from '../../printable.js';
import { quote } from '../words.js';

export const vmFile = {
  'vm-file-missing': {
    kind: 'not-found',
    text: ({ path }: { path: string }): Text => ({ what: `there is no VM file ${quote(path)}` }),
  },
  'vm-file-unreadable': {
    kind: 'usage',
    text: ({ path, reason }: { path: string; reason: string }): Text => ({
      what: `can't read the VM file ${quote(path)}`,
      why: printable(reason),
    }),
  },
  'vm-file-too-big': {
    kind: 'usage',
    text: ({ path, bytes, limit }: { path: string; bytes: number; limit: number }): Text => ({
      what: `${quote(path)} is too big for a VM file`,
      why: `it has ${bytes} bytes, and the limit is ${limit}`,
    }),
  },
  'vm-file-not-text': {
    kind: 'usage',
    text: ({ path }: { path: string }): Text => ({
      what: `${quote(path)} is not a VM file`,
      why: 'it is not UTF-8 text',
    }),
  },
  'vm-file-too-deep': {
    kind: 'usage',
    text: ({ path }: { path: string }): Text => ({ what: `${quote(path)} is nested too deeply for a VM file` }),
  },
  'vm-file-documents': {
    kind: 'usage',
    text: ({ count }: { count: number }): Text => ({
      what: `a VM file is one YAML document, but this one has ${count}`,
      fix: advice('put each VM in a file of its own'),
    }),
  },
  'vm-file-not-mapping': {
    kind: 'usage',
    text: ({ found }: { found: string }): Text => ({
      what: `a VM file is a mapping of keys, but this one is ${printable(found)}`,
      fix: advice('begin with `name: NAME`'),
    }),
  },
  'vm-file-syntax': {
    kind: 'usage',
    text: ({ message, fix }: { message: string; fix: string | undefined }): Text => ({
      what: `not YAML: ${printable(message)}`,
      fix: fix === undefined ? undefined : advice(printable(fix)),
    }),
  },
  'vm-file-aliases': {
    kind: 'usage',
    text: ({ limit }: { limit: number }): Text => ({
      what: `aliases (\`*name\`) expand to more than ${limit} times the size of the file`,
    }),
  },
  /** `within`: the alias refers to a value that contains it. */
  'alias-unusable': {
    kind: 'usage',
    text: ({ alias, within }: { alias: string; within: boolean }): Text => ({
      what: `${quote(`*${alias}`)} refers to ${within ? 'a value that contains it' : 'nothing'}`,
      why: within ? undefined : 'no anchor of that name comes before it',
    }),
  },
  'name-from-file': {
    kind: 'usage',
    text: ({ name }: { name: string }): Text => ({
      what: `the file's name is not a valid VM name: ${quote(name)}`,
      why: 'a name has at most 64 letters, digits, dots, dashes and underscores, the first a letter or digit',
      fix: advice('add `name: NAME`'),
    }),
  },
} as const;
