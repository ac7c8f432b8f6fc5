import type { Text } from '../finding.js';
import { advice, path, sh } from '../fix.js';
import { printable } from '../printable.js';
import { list } from './words.js';

const OUTCOMES = {
  undone: 'was undone',
  finished: 'was finished',
  'vm-gone': 'ended with its VM',
} as const;

export const interruption = {
  stopped: {
    kind: 'failed',
    text: ({ reason }: { reason: string }): Text => ({ what: 'it was stopped', why: printable(reason) }),
  },
  'operation-timeout': {
    kind: 'timeout',
    text: ({ what, timeout }: { what: string; timeout: number }): Text => ({
      what: `not done within ${timeout / 1000} s: ${printable(what)}`,
      fix: advice('Repeat it with a longer --timeout (seconds)'),
    }),
  },
  'state-write-failed': {
    kind: 'failed',
    text: ({ path: file, reason }: { path: string; reason: string }): Text => ({
      what: 'qplug could not write what it must remember of this VM, so it does not go on',
      where: printable(file),
      why: printable(reason),
      // the file may not be there, its folder is
      fix: /^EROFS\b/.test(reason) ? sh`findmnt -T ${path(folderOf(file))}` : sh`df -h ${path(folderOf(file))}`,
    }),
  },
  /** `later`: QEMU gave no answer, and the next command tries again. */
  'not-undone': {
    kind: 'failed',
    text: ({ devices, later }: { devices: readonly string[]; later?: boolean }): Text => ({
      what: `what was done could not all be undone${later === true ? ' yet' : ''}: ${list(devices)}`,
      why:
        later === true
          ? 'QEMU gave no answer; the next command tries again'
          : 'a device of QEMU may have been refused its old place; a PCI controller leaves only when its guest lets go, or at a reset',
      fix:
        later === true
          ? sh`qplug mend`
          : advice('see with qplug status what is left in the VM, and take it out with qplug detach'),
    }),
  },
  /** What a qplug that died has left. */
  mended: {
    kind: 'failed',
    text: (e: {
      kind: string;
      vm: string;
      outcome: 'undone' | 'finished' | 'vm-gone';
      devices: readonly string[];
    }): Text => ({
      what: `a ${e.kind} that was cut off ${OUTCOMES[e.outcome]}`,
      where: `VM ${printable(e.vm)}`,
      why: e.devices.length === 0 ? undefined : `it was about ${list(e.devices)}`,
    }),
  },
  'not-mended': {
    kind: 'unreachable',
    text: (e: { kind: string; vm: string; reason: string }): Text => ({
      what: `a ${e.kind} that was cut off could not be mended yet`,
      where: `VM ${printable(e.vm)}`,
      why: `${printable(e.reason)}; later commands try again`,
      fix: sh`qplug mend`,
    }),
  },
} as const;

/** @returns the folder that a file stands in */
function folderOf(file: string): string {
  return file.replace(/(.)\/[^/]*$/, '$1');
}
