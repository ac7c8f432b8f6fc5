import type { Text } from '../finding.js';
import { advice, sh } from '../fix.js';
import { printable } from '../printable.js';
import { list } from './words.js';

/** The last word of a label, which is the host port. */
const deviceWord = (label: string): string => label.slice(label.lastIndexOf(' ') + 1);

export const claims = {
  /** A claim of a VM that lives; `since` ISO 8601. */
  'device-claimed': {
    kind: 'refused',
    text: (e: { label: string; vm: string; pid: number | undefined; state: string; since: string }): Text => ({
      what: `${printable(e.label)} belongs to another VM`,
      where: `VM ${printable(e.vm)}${e.pid === undefined ? '' : `, QEMU ${e.pid}`}`,
      why: `it is ${printable(e.state)} there since ${printable(e.since)}`,
      fix: sh`qplug detach ${e.vm} ${deviceWord(e.label)}`,
    }),
  },
  /** Another qplug is at it. */
  'claim-in-use': {
    kind: 'refused',
    text: (e: { label: string; vm: string; pid: number; state: string }): Text => ({
      what: `another qplug is at ${printable(e.label)} just now`,
      where: `VM ${printable(e.vm)}`,
      why: `process ${e.pid} has it ${printable(e.state)}`,
      fix: advice(`wait, or end that process: kill ${e.pid} (the next command mends what it leaves)`),
    }),
  },
  'not-claimed': {
    kind: 'not-found',
    text: ({ selector, ids }: { selector: string; ids: readonly string[] }): Text => ({
      what: 'no VM has such a device',
      where: printable(selector),
      why: ids.length === 0 ? 'nothing is claimed' : `VMs have ${list(ids)}`,
      fix: sh`qplug claims`,
    }),
  },
  'claim-ambiguous': {
    kind: 'ambiguous',
    text: ({
      selector,
      devices,
    }: {
      selector: string;
      devices: readonly { readonly label: string; readonly id: string }[];
    }): Text => ({
      what: 'that means several devices',
      where: printable(selector),
      why: devices.map((one) => `${printable(one.label)} (${printable(one.id)})`).join('; '),
      fix: sh`qplug release ${devices[0]?.id ?? ''}`,
    }),
  },
  'claim-given-back': {
    kind: 'failed',
    text: (e: { label: string; vm: string }): Text => ({
      what: `${printable(e.label)} is the host's again`,
      where: `VM ${printable(e.vm)}`,
      why: 'the VM that had it is gone',
    }),
  },
  /** Devices that somebody was at who died, and whose VM could not be asked whether it has them. */
  'claims-unsettled': {
    kind: 'unreachable',
    text: ({ vm, labels }: { vm: string; labels: readonly string[] }): Text => ({
      what: `nobody could ask whether ${printable(vm)} has ${list(labels)}`,
      why: 'it did not answer; later commands try again',
      fix: sh`qplug mend`,
    }),
  },
} as const;
