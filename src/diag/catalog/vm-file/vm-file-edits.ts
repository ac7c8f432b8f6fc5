import type { Text } from '../../finding.js';
import { advice } from '../../fix.js';
import { printable } from '../../printable.js';
import { list, quote } from '../words.js';

export const vmFileEdits = {
  /** `add`: entries that qplug could not add; `lines`: the lines of entries that it could not remove. */
  'edit-by-hand': {
    kind: 'failed',
    text: ({ path, add, lines }: { path: string; add: readonly string[]; lines: readonly number[] }): Text => ({
      what: `can't change only these entries of ${quote(path)}; the file was not changed`,
      why: 'an anchor and its aliases share the text, or other entries share its line',
      fix: advice(
        add.length > 0
          ? `write ${add.map((entry) => quote(`- ${entry}`)).join(', ')} under \`usb.devices\` by hand`
          : `remove ${lines.map((line) => `line ${line}`).join(', ')} by hand`,
      ),
    }),
  },
  'edit-would-break': {
    kind: 'usage',
    text: ({ path }: { path: string }): Text => ({
      what: `the change would make ${quote(path)} invalid; nothing was changed`,
      fix: advice('Leave out what causes the error, or change only the running VM: `--live`'),
    }),
  },
  'vm-file-changed': {
    kind: 'failed',
    text: ({ path }: { path: string }): Text => ({
      what: `another program changed ${quote(path)} in the meantime; qplug did not change it`,
      fix: advice('Look at the file, and repeat the command'),
    }),
  },
  'vm-file-unwritable': {
    kind: 'failed',
    text: ({ path, reason }: { path: string; reason: string }): Text => ({
      what: `can't change ${quote(path)}`,
      why: printable(reason),
      fix: advice('Check who may write to the file and to its folder; --live changes only the running VM'),
    }),
  },
  /** `holder`: the process that changes the file. */
  'vm-file-busy': {
    kind: 'timeout',
    text: ({ path, holder, timeout }: { path: string; holder: number; timeout: number }): Text => ({
      what: `another qplug process has been changing ${quote(path)} for more than ${timeout / 1000} s`,
      why: `it is process ${holder}`,
      fix: advice('Repeat the command when that process is done'),
    }),
  },
  'vm-stopped': {
    kind: 'failed',
    text: ({ vm, path }: { vm: string; path: string }): Text => ({
      what: `${printable(vm)} does not run; this changes only its file, for the next start`,
      where: printable(path),
    }),
  },
  /** `adopted`: the VM runs, but not from a file · `unknown`: no VM of this name runs · `gone`: its file no longer exists. */
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
      what: `--config changes the file of a VM, but qplug does not know the file of ${printable(vm)}`,
      where: path === undefined ? undefined : printable(path),
      why: {
        adopted: 'qplug did not start it from a file',
        unknown: 'no VM of that name runs here',
        gone: 'it was started from a file that no longer exists',
      }[problem],
      fix: advice(
        problem === 'adopted' ? '--live changes only the running VM' : 'Name the VM by its file: bench.yaml, not bench',
      ),
    }),
  },
  'vm-other-file': {
    kind: 'refused',
    text: ({ vm, runs, named }: { vm: string; runs: string; named: string }): Text => ({
      what: `${printable(vm)} runs from a file other than ${printable(named)}`,
      where: printable(runs),
      fix: advice(
        `--config changes only ${printable(named)}, --live only the running VM; or name the VM: ${printable(vm)}`,
      ),
    }),
  },
  'not-in-file': {
    kind: 'not-found',
    text: ({ selector, path, entries }: { selector: string; path: string; entries: readonly string[] }): Text => ({
      what: `no entry in ${printable(path)} matches ${printable(selector)}`,
      why: entries.length === 0 ? 'it names no devices' : `it names ${list(entries)}`,
    }),
  },
  'entry-ambiguous': {
    kind: 'ambiguous',
    text: ({ selector, path, lines }: { selector: string; path: string; lines: readonly number[] }): Text => ({
      what: `several entries in ${printable(path)} match ${printable(selector)}`,
      where: lines.map((line) => `line ${line}`).join(', '),
      fix: advice('Remove one by hand; --live changes only the running VM'),
    }),
  },
  /** `others`: labels of the other devices that the entry matches now. */
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
      what: `the entry ${printable(entry)} matches several devices, so it was not removed`,
      where: `${printable(path)}:${line}`,
      why: `it also matches ${list(others)}`,
      fix: advice('Replace it with one entry per device that should stay; --live changes only the running VM'),
    }),
  },
  /** `entry`: what the file would have to say. */
  'entry-says-otherwise': {
    kind: 'failed',
    text: ({ path, line, entry }: { path: string; line: number; entry: string }): Text => ({
      what: `${printable(path)} already gives this device another port; the entry was not changed`,
      where: `${printable(path)}:${line}`,
      fix: advice(`for the next start write \`- ${printable(entry)}\` there`),
    }),
  },
  'allow-unsure': {
    kind: 'refused',
    text: ({ selector, path }: { selector: string; path: string }): Text => ({
      what: `usb.allow in ${printable(path)} may not list ${printable(selector)}`,
      why: "it is not plugged in, so qplug can't check which device it is",
      fix: advice(`add \`${printable(selector)}\` to \`usb.allow\``),
    }),
  },
} as const;
