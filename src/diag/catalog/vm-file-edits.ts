import type { Text } from '../finding.js';
import { advice } from '../fix.js';
import { printable } from '../printable.js';
import { list, quote } from './words.js';

export const vmFileEdits = {
  /** Entries that could not be added, as they are written, or the lines of those that could not be taken out. */
  'edit-by-hand': {
    kind: 'failed',
    text: ({ path, add, lines }: { path: string; add: readonly string[]; lines: readonly number[] }): Text => ({
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
    text: ({ path }: { path: string }): Text => ({
      what: `that is what ${quote(path)} would be after the change; nothing was changed`,
      fix: advice('leave out what it complains of, or change the running VM alone: `--live`'),
    }),
  },
  'vm-file-changed': {
    kind: 'failed',
    text: ({ path }: { path: string }): Text => ({
      what: `${quote(path)} was changed by somebody else meanwhile, so it is left as it is`,
      fix: advice('look at it, and repeat the command'),
    }),
  },
  'vm-file-unwritable': {
    kind: 'failed',
    text: ({ path, reason }: { path: string; reason: string }): Text => ({
      what: `${quote(path)} can not be changed`,
      why: printable(reason),
      fix: advice('see who may write to the file and to its folder; --live changes the running VM alone'),
    }),
  },
  /** `holder`: the process that changes it. */
  'vm-file-busy': {
    kind: 'timeout',
    text: ({ path, holder, timeout }: { path: string; holder: number; timeout: number }): Text => ({
      what: `${quote(path)} is being changed by another qplug, and it was not done within ${timeout / 1000} s`,
      why: `process ${holder} has it`,
      fix: advice('repeat the command when that one is done'),
    }),
  },
  'vm-stopped': {
    kind: 'failed',
    text: ({ vm, path }: { vm: string; path: string }): Text => ({
      what: `${printable(vm)} does not run, so its file alone is changed, for its next start`,
      where: printable(path),
    }),
  },
  /** `adopted`: it runs, but not from a file · `unknown`: it does not run, and is named by no file · `gone`: its file is not there. */
  'vm-without-file': {
    kind: 'not-found',
    text: ({
      vm,
      problem,
      path,
    }: {
      vm: string;
      problem: 'adopted' | 'unknown' | 'gone';
      path: string | undefined;
    }): Text => ({
      what: `--config changes the file of a VM, and that of ${printable(vm)} is not known`,
      where: path === undefined ? undefined : printable(path),
      why: {
        adopted: 'it was not started from a file',
        unknown: 'no VM of that name runs here',
        gone: 'it was started from a file that is no longer there',
      }[problem],
      fix: advice(
        problem === 'adopted'
          ? '--live changes the running VM alone'
          : 'Name the VM by its file: bench.yaml, not bench',
      ),
    }),
  },
  'vm-other-file': {
    kind: 'refused',
    text: ({ vm, runs, named }: { vm: string; runs: string; named: string }): Text => ({
      what: `${printable(vm)} runs from another file than ${printable(named)}`,
      where: printable(runs),
      fix: advice(
        `--config changes ${printable(named)} alone, --live the running VM alone; or name the VM: ${printable(vm)}`,
      ),
    }),
  },
  'not-in-file': {
    kind: 'not-found',
    text: ({ selector, path, entries }: { selector: string; path: string; entries: readonly string[] }): Text => ({
      what: `no entry of ${printable(path)} means ${printable(selector)}`,
      why: entries.length === 0 ? 'it names no devices' : `it names ${list(entries)}`,
    }),
  },
  'entry-ambiguous': {
    kind: 'ambiguous',
    text: ({ selector, path, lines }: { selector: string; path: string; lines: readonly number[] }): Text => ({
      what: `several entries of ${printable(path)} mean ${printable(selector)}`,
      where: lines.map((line) => `line ${line}`).join(', '),
      fix: advice('Take one out by hand; --live changes the running VM alone'),
    }),
  },
  /** Labels of other devices that the entry means now. */
  'entry-broad': {
    kind: 'refused',
    text: ({
      entry,
      path,
      line,
      others,
    }: {
      entry: string;
      path: string;
      line: number;
      others: readonly string[];
    }): Text => ({
      what: `the entry ${printable(entry)} means other devices too, so it is not taken out`,
      where: `${printable(path)}:${line}`,
      why: `it means ${list(others)} as well`,
      fix: advice(`Write entries for those that shall stay in its place; --live changes the running VM alone`),
    }),
  },
  /** `entry`: what it had to say. */
  'entry-says-otherwise': {
    kind: 'failed',
    text: ({ path, line, entry }: { path: string; line: number; entry: string }): Text => ({
      what: 'the file has another place for it, and that is left as it is',
      where: `${printable(path)}:${line}`,
      fix: advice(`for the next start write \`- ${printable(entry)}\` there`),
    }),
  },
  'allow-unsure': {
    kind: 'refused',
    text: ({ selector, path }: { selector: string; path: string }): Text => ({
      what: `usb.allow of ${printable(path)} may not have ${printable(selector)} in it`,
      why: 'it is not plugged in, so nobody can say which device it is',
      fix: advice(`add \`${printable(selector)}\` to \`usb.allow\``),
    }),
  },
} as const;
