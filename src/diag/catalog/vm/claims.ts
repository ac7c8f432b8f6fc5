import type { Text } from '../../finding.js';
import { advice, sh } from '../../fix.js';
import { printable } from '../../printable.js';
import { list } from '../words.js';

/** The last word of a label, which is the host port. */
const deviceWord = (label: string): string => label.slice(label.lastIndexOf(' ') + 1);

export const claims = {
  /** Another running VM has claimed the device; `since` is in ISO 8601. */
  'device-claimed': {
    kind: 'refused',
    text: (e: { label: string; vm: string; pid: number | undefined; state: string; since: string }): Text => ({
      what: `${printable(e.label)} belongs to another VM`,
      where: `VM ${printable(e.vm)}${e.pid === undefined ? '' : `, QEMU ${e.pid}`}`,
      why: `its state there is ${printable(e.state)}, since ${printable(e.since)}`,
      fix: sh`qplug detach ${e.vm} ${deviceWord(e.label)}`,
    }),
  },
  /** Another qplug process is changing it. */
  'claim-in-use': {
    kind: 'refused',
    text: (e: { label: string; vm: string; pid: number; state: string }): Text => ({
      what: `another qplug process is working on ${printable(e.label)}`,
      where: `VM ${printable(e.vm)}`,
      why: `process ${e.pid} has set its state to ${printable(e.state)}`,
      fix: advice(`Wait, or end that process: kill ${e.pid} (the next command cleans up after it)`),
    }),
  },
  'not-claimed': {
    kind: 'not-found',
    text: ({ selector, ids }: { selector: string; ids: readonly string[] }): Text => ({
      what: `no VM has a device that matches ${printable(selector)}`,
      why: ids.length === 0 ? 'no VM has a device' : `VMs have ${list(ids)}`,
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
      what: `${printable(selector)} matches several devices`,
      why: devices.map((one) => `${printable(one.label)} (${printable(one.id)})`).join('; '),
      fix: sh`qplug release ${devices[0]?.id ?? ''}`,
    }),
  },
  'claim-given-back': {
    kind: 'failed',
    text: (e: { label: string; vm: string }): Text => ({
      what: `returned ${printable(e.label)} to the host`,
      where: `VM ${printable(e.vm)}`,
      why: 'its VM has ended',
    }),
  },
  /** Devices that a killed qplug was changing, of a VM that does not answer. */
  'claims-unsettled': {
    kind: 'unreachable',
    text: ({ vm, labels }: { vm: string; labels: readonly string[] }): Text => ({
      what: `could not check whether ${printable(vm)} has ${list(labels)}`,
      why: 'the VM did not answer; the next command tries again',
      fix: sh`qplug mend`,
    }),
  },
} as const;
