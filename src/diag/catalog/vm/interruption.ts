import type { Text } from '../../finding.js';
import { advice, path, sh } from '../../fix.js';
import { printable } from '../../printable.js';
import { list } from '../words.js';

const OUTCOMES = {
  undone: 'was rolled back',
  finished: 'was completed',
  'vm-gone': 'ended with its VM',
} as const;

export const interruption = {
  stopped: {
    kind: 'failed',
    text: ({ reason }: { reason: string }): Text => ({ what: 'the command was stopped', why: printable(reason) }),
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
      what: "could not save this VM's state, so the command stops",
      where: printable(file),
      why: printable(reason),
      // the file may not exist, but its folder does
      fix: /^EROFS\b/.test(reason) ? sh`findmnt -T ${path(folderOf(file))}` : sh`df -h ${path(folderOf(file))}`,
    }),
  },
  /** `later`: QEMU did not answer; the next command tries again. */
  'not-undone': {
    kind: 'failed',
    text: ({ devices, later }: { devices: readonly string[]; later?: boolean }): Text => ({
      what: `could not roll back everything${later === true ? ' yet' : ''}; still in place: ${list(devices)}`,
      why:
        later === true
          ? 'QEMU did not answer; the next command tries again'
          : 'QEMU may have refused a device its old port; a PCI controller leaves only when the guest releases it, or at a reset',
      fix:
        later === true
          ? sh`qplug mend`
          : advice('Find what is left in the VM with qplug status, and remove it with qplug detach'),
    }),
  },
  /** The leftovers of a killed qplug. */
  mended: {
    kind: 'failed',
    text: (e: {
      kind: string;
      vm: string;
      outcome: 'undone' | 'finished' | 'vm-gone';
      devices: readonly string[];
    }): Text => ({
      what: `an interrupted ${e.kind} ${OUTCOMES[e.outcome]}`,
      where: `VM ${printable(e.vm)}`,
      why: e.devices.length === 0 ? undefined : `its devices: ${list(e.devices)}`,
    }),
  },
  'not-mended': {
    kind: 'unreachable',
    text: (e: { kind: string; vm: string; reason: string }): Text => ({
      what: `could not clean up after an interrupted ${e.kind} yet`,
      where: `VM ${printable(e.vm)}`,
      why: `${printable(e.reason)}; the next command tries again`,
      fix: sh`qplug mend`,
    }),
  },
} as const;

/** @returns the folder of a file */
function folderOf(file: string): string {
  return file.replace(/(.)\/[^/]*$/, '$1');
}
