import type { Catalog, SourceLocation } from '../finding.js';
import { type Advice, advice } from '../fix.js';
import { printable, verbatim } from '../printable.js';

/** The findings of src/config, each with its evidence. `key` is a dotted path such as `usb.controllers.0.model`. */
export interface ConfigEvidence {
  'vm-file-missing': { path: string };
  'vm-file-unreadable': { path: string; reason: string };
  'vm-file-too-big': { path: string; bytes: number; limit: number };
  'vm-file-not-text': { path: string };
  'vm-file-too-deep': { path: string };
  'vm-file-documents': { count: number };
  'vm-file-not-mapping': { found: string };
  'vm-file-syntax': { message: string; fix: string | undefined };
  'vm-file-aliases': { limit: number };
  /** `within`: it refers to something that it is a part of. */
  'alias-unusable': { alias: string; within: boolean };
  'key-unknown': { key: string; within: string; known: readonly string[]; nearest: string | undefined };
  'key-duplicate': { key: string; first: SourceLocation };
  'key-missing': { key: string; within: string };
  'value-unknown': { key: string; value: string; known: readonly string[]; nearest: string | undefined };
  /** `mended`: the same value, where quotes or brackets are all that it lacks. */
  'value-type': { key: string; expected: string; found: string; mended: string | undefined };
  'value-range': { key: string; value: number; least: number | undefined; most: number | undefined };
  'value-count': { key: string; least: number | undefined; most: number | undefined };
  'value-form': { key: string; value: string; form: string };
  'value-nul': { key: string };
  'id-used-twice': { id: string; first: SourceLocation };
  'id-reserved': { id: string; prefix: string };
  'ports-fixed': { model: string; key: string };
  'ports-none': { id: string };
  'property-reserved': { property: string; instead: string | undefined };
  'drive-not-taken': { model: string };
  'drive-needed': { model: string };
  /** A device that does nothing until more is done by hand; `attaches` says what. */
  'emulated-by-hand': { model: string; attaches: string };
  'name-from-file': { name: string };
  'selector-wrong': { select: string; reason: string };
  /** Entries that could not be added, as they are written, or the lines of those that could not be taken out. */
  'edit-by-hand': { path: string; add: readonly string[]; lines: readonly number[] };
  'edit-would-break': { path: string };
  'vm-file-changed': { path: string };
  'vm-file-unwritable': { path: string; reason: string };
  /** `holder`: the process that changes it. */
  'vm-file-busy': { path: string; holder: number; timeout: number };
}

const quote = (text: string): string => `\`${printable(text, 120)}\``;
const list = (words: readonly string[]): string => words.map((word) => printable(word, 60)).join(', ');
const at = ({ file, line, column }: SourceLocation): string => `${printable(file)}:${line}:${column}`;
const fixWord = (word: string | undefined, write: (word: string) => string): Advice | undefined =>
  word === undefined ? undefined : advice(`write \`${write(word)}\``);

function bounds(least: number | undefined, most: number | undefined): string {
  if (least === undefined) return `at most ${most}`;
  return most === undefined ? `at least ${least}` : `${least} to ${most}`;
}

export const configCatalog: Catalog<ConfigEvidence> = {
  'vm-file-missing': {
    kind: 'not-found',
    text: ({ path }) => ({ what: `there is no VM file ${quote(path)}` }),
  },
  'vm-file-unreadable': {
    kind: 'usage',
    text: ({ path, reason }) => ({ what: `the VM file ${quote(path)} can not be read`, why: printable(reason) }),
  },
  'vm-file-too-big': {
    kind: 'usage',
    text: ({ path, bytes, limit }) => ({
      what: `${quote(path)} is too big for a VM file`,
      why: `it has ${bytes} bytes, and the limit is ${limit}`,
    }),
  },
  'vm-file-not-text': {
    kind: 'usage',
    text: ({ path }) => ({ what: `${quote(path)} is not a VM file`, why: 'it is not UTF-8 text' }),
  },
  'vm-file-too-deep': {
    kind: 'usage',
    text: ({ path }) => ({ what: `${quote(path)} is nested too deeply for a VM file` }),
  },
  'vm-file-documents': {
    kind: 'usage',
    text: ({ count }) => ({
      what: `a VM file is one YAML document, and this one holds ${count}`,
      fix: advice('put each VM in a file of its own'),
    }),
  },
  'vm-file-not-mapping': {
    kind: 'usage',
    text: ({ found }) => ({
      what: `a VM file is a mapping of keys, and this one is ${printable(found)}`,
      fix: advice('begin with `name: NAME`'),
    }),
  },
  'vm-file-syntax': {
    kind: 'usage',
    text: ({ message, fix }) => ({
      what: `not YAML: ${printable(message)}`,
      fix: fix === undefined ? undefined : advice(printable(fix)),
    }),
  },
  'vm-file-aliases': {
    kind: 'usage',
    text: ({ limit }) => ({ what: `aliases (\`*name\`) unfold to more than ${limit} times what is written` }),
  },
  'alias-unusable': {
    kind: 'usage',
    text: ({ alias, within }) => ({
      what: `${quote(`*${alias}`)} refers to ${within ? 'what it is a part of' : 'nothing'}`,
      why: within ? undefined : 'no anchor of that name is before it',
    }),
  },
  'key-unknown': {
    kind: 'usage',
    text: ({ key, within, known, nearest }) => ({
      what: `unknown key ${quote(key)}${within === '' ? '' : ` in ${quote(within)}`}`,
      why: nearest === undefined ? `known here: ${list(known)}` : undefined,
      fix: fixWord(nearest, (word) => `${word}:`),
    }),
  },
  'key-duplicate': {
    kind: 'usage',
    text: ({ key, first }) => ({ what: `key ${quote(key)} is there twice`, why: `first at ${at(first)}` }),
  },
  'key-missing': {
    kind: 'usage',
    text: ({ key, within }) => ({
      what: `${within === '' ? 'the file' : quote(within)} lacks ${quote(key)}`,
      fix: advice(`add \`${printable(key)}: …\``),
    }),
  },
  'value-unknown': {
    kind: 'usage',
    text: ({ key, value, known, nearest }) => ({
      what: `${quote(key)} can not be ${quote(value)}`,
      why: nearest === undefined ? `known: ${list(known)}` : undefined,
      fix: fixWord(nearest, (word) =>
        /\.\d+$/.test(key) ? word : `${printable(key.slice(key.lastIndexOf('.') + 1))}: ${word}`,
      ),
    }),
  },
  'value-type': {
    kind: 'usage',
    text: ({ key, expected, found, mended }) => ({
      what: `${quote(key)} must be ${expected}, and is ${printable(found, 120)}`,
      fix: fixWord(mended && verbatim(mended, 120), (word) => word),
    }),
  },
  'value-range': {
    kind: 'usage',
    text: ({ key, value, least, most }) => ({ what: `${quote(key)} must be ${bounds(least, most)}, and is ${value}` }),
  },
  'value-count': {
    kind: 'usage',
    text: ({ key, least, most }) => ({ what: `${quote(key)} must have ${bounds(least, most)} entries` }),
  },
  'value-form': {
    kind: 'usage',
    text: ({ key, value, form }) => ({ what: `${quote(key)} can not be ${quote(value)}`, why: `it must be ${form}` }),
  },
  'value-nul': {
    kind: 'usage',
    text: ({ key }) => ({ what: `${quote(key)} holds a NUL character`, why: 'no program argument can hold one' }),
  },
  'id-used-twice': {
    kind: 'usage',
    text: ({ id, first }) => ({ what: `id ${quote(id)} is used twice`, why: `first at ${at(first)}` }),
  },
  'id-reserved': {
    kind: 'usage',
    text: ({ id, prefix }) => ({
      what: `id ${quote(id)} is reserved`,
      why: `ids that begin with \`${prefix}\` are for what qplug adds by itself`,
    }),
  },
  'ports-fixed': {
    kind: 'usage',
    text: ({ model, key }) => ({
      what: `${quote(model)} has no ${quote(key)} to set`,
      why: key === 'ports' ? 'its number of ports is fixed' : 'only xHCI controllers have USB 2 and USB 3 ports',
      fix: advice(`remove \`${printable(key)}\``),
    }),
  },
  'ports-none': {
    kind: 'usage',
    text: ({ id }) => ({ what: `controller ${quote(id)} would have no port`, why: '`p2` and `p3` are both 0' }),
  },
  'property-reserved': {
    kind: 'usage',
    text: ({ property, instead }) => ({
      what: `property ${quote(property)} is set by qplug`,
      fix: fixWord(instead, (word) => `${word}: …\` beside \`emulated`),
    }),
  },
  'drive-not-taken': {
    kind: 'usage',
    text: ({ model }) => ({ what: `${quote(model)} takes no drive`, fix: advice('remove `drive`') }),
  },
  'drive-needed': {
    kind: 'usage',
    text: ({ model }) => ({ what: `${quote(model)} needs a drive`, fix: advice('add `drive: { file: IMAGE }`') }),
  },
  'emulated-by-hand': {
    kind: 'usage',
    text: ({ model, attaches }) =>
      attaches === 'peer'
        ? {
            what: `${quote(model)} is not qplug's to plug`,
            why: 'a program at the other end of its chardev decides what is plugged in, and when',
            fix: advice(
              'for a device of this host write `- { select: VENDOR:PRODUCT }`; else add the chardev and the device over your own QMP socket',
            ),
          }
        : {
            what: `${quote(model)} is not qplug's to plug`,
            why: 'it stays empty until disks are added on its own bus and its `attached` is set',
            fix: advice('write `- { emulated: usb-storage, drive: { file: IMAGE } }`'),
          },
  },
  'name-from-file': {
    kind: 'usage',
    text: ({ name }) => ({
      what: `the file's name gives no name for the VM: ${quote(name)}`,
      why: 'a name has at most 64 letters, digits, dots, dashes and underscores, the first a letter or digit',
      fix: advice('add `name: NAME`'),
    }),
  },
  'selector-wrong': {
    kind: 'usage',
    text: ({ select, reason }) => ({ what: `${quote(select)} is not a selector`, why: printable(reason) }),
  },
  'edit-by-hand': {
    kind: 'failed',
    text: ({ path, add, lines }) => ({
      what: `${quote(path)} is not changed: it can't be done without changing something else in it`,
      why: 'what stands there is shared by an anchor and its aliases, or shares its line',
      fix: advice(
        add.length > 0
          ? `write ${add.map((entry) => quote(`- ${entry}`)).join(', ')} under \`usb.devices\` by hand`
          : `take ${lines.map((line) => `line ${line}`).join(', ')} out by hand`,
      ),
    }),
  },
  'edit-would-break': {
    kind: 'usage',
    text: ({ path }) => ({
      what: `that is what ${quote(path)} would be after the change; nothing was changed`,
      fix: advice('leave out what it complains of, or change the running VM alone: `--live`'),
    }),
  },
  'vm-file-changed': {
    kind: 'failed',
    text: ({ path }) => ({
      what: `${quote(path)} was changed by somebody else meanwhile, so it is left as it is`,
      fix: advice('look at it, and repeat the command'),
    }),
  },
  'vm-file-unwritable': {
    kind: 'failed',
    text: ({ path, reason }) => ({
      what: `${quote(path)} can not be changed`,
      why: printable(reason),
      fix: advice('see who may write to the file and to its folder; --live changes the running VM alone'),
    }),
  },
  'vm-file-busy': {
    kind: 'timeout',
    text: ({ path, holder, timeout }) => ({
      what: `${quote(path)} is being changed by another qplug, and it was not done within ${timeout / 1000} s`,
      why: `process ${holder} has it`,
      fix: advice('repeat the command when that one is done'),
    }),
  },
};
