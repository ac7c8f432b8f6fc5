import type { Text } from '../finding.js';
import { advice, type Fix, sh } from '../fix.js';
import { printable } from '../printable.js';

/** A saved state of a VM. */
interface State {
  readonly vm: string;
  readonly tag: string;
}

/** A controller as it was saved, or as it is. */
interface ControllerSeen {
  readonly name: string;
  readonly model: string;
  /** `pcie.0/1c.0/0.0`; null: on no PCI bus. */
  readonly address: string | null;
  /** How many root ports it has for USB 2 and slower, and for USB 3. */
  readonly slow: number;
  readonly fast: number;
}

/** Why a VM's USB tree can't be made what it was. */
type TreeDifference =
  | { readonly is: 'controller-missing' | 'controller-extra'; readonly controller: ControllerSeen }
  | { readonly is: 'controller-other'; readonly saved: ControllerSeen; readonly now: ControllerSeen }
  /** A device that only whoever made it can make. */
  | { readonly is: 'device-missing'; readonly driver: string; readonly bus: string; readonly port: string }
  /** `id`: what is in its place, and can't be taken out since nobody could put it back. */
  | {
      readonly is: 'place-taken';
      readonly driver: string;
      readonly bus: string;
      readonly port: string;
      readonly id: string;
    };

const snapshot = (action: string, { vm, tag }: State) => sh`qplug snapshot ${action} ${vm} ${tag}`;

const place = ({ bus, port }: { readonly bus: string; readonly port: string }): string =>
  `${printable(bus)} port ${printable(port)}`;

const controllerWords = ({ name, model, address, slow, fast }: ControllerSeen): string => {
  const at = address === null ? '' : ` at ${printable(address)}`;
  const ports = fast === 0 ? `${slow} ports` : `${slow} USB 2 and ${fast} USB 3 ports`;
  return `${printable(name)} (${printable(model)}${at}, ${ports})`;
};

/** The line of a VM file that makes such a controller. */
const controllerLine = ({ name, model, slow, fast }: ControllerSeen): string => {
  const ports = fast > 0 ? `, p2: ${slow}, p3: ${fast}` : '';
  return `- { id: ${printable(name)}, model: ${printable(model)}${ports} }`;
};

const RECORDS = {
  none: 'qplug did not save it, or not on this host, so nobody knows what USB devices it had and where',
  torn: 'the file that tells what USB devices it had is damaged',
  newer: 'the file that tells what USB devices it had is of a newer qplug',
  unreadable: 'the file that tells what USB devices it had can not be read',
} as const;

export const snapshotRestore = {
  'snapshot-half-loaded': {
    kind: 'failed',
    text: (e: State): Text => ({
      what: `the guest of ${printable(e.vm)} stands still: half of it is as it was saved, and half is not`,
      why: 'QEMU takes nothing back of what it loaded; do not let it go on',
      fix: [
        advice('once what is wrong is mended, this, or another snapshot'),
        snapshot('restore', e),
        advice('else: ', sh`qplug kill ${e.vm}`),
      ],
    }),
  },
  'guest-half-loaded': {
    kind: 'refused',
    text: ({ vm }: { vm: string }): Text => ({
      what: `the guest of ${printable(vm)} must not go on: half of it is of a snapshot that could not be loaded, and half is not`,
      why: 'what it wrote from there would spoil its disks',
      fix: [sh`qplug snapshot list ${vm}`, advice('then restore one that can be loaded; else: ', sh`qplug kill ${vm}`)],
    }),
  },
  /** `none`: no tree is known · else what is wrong with the file that should tell it. */
  'snapshot-unrecorded': {
    kind: 'refused',
    text: (
      e: State & {
        record: 'none' | 'torn' | 'newer' | 'unreadable';
        path: string | undefined;
      },
    ): Text => ({
      what: `nothing is known of the USB devices of the snapshot ${printable(e.tag)}`,
      where: e.path === undefined || e.record === 'none' ? undefined : printable(e.path, 300),
      why: `${RECORDS[e.record]}; QEMU loads nothing into a VM that lacks one of them, and stops halfway`,
      fix: [
        sh`qplug snapshot restore ${e.vm} ${e.tag} --as-it-is`,
        advice('tries it with the VM as it is; what fails then leaves the guest standing still, half loaded'),
      ],
    }),
  },
  'snapshot-tree-differs': {
    kind: 'refused',
    text: ({ vm, tag, difference }: State & { difference: TreeDifference }): Text => ({
      what: `${printable(vm)} can't be made what it was when ${printable(tag)} was saved`,
      ...differenceWords(difference),
    }),
  },
  /** A device that was not there when the state was saved, and stays. */
  'snapshot-device-extra': {
    kind: 'failed',
    text: (e: { id: string; driver: string; bus: string; port: string }): Text => ({
      what: `${printable(e.id)} (${printable(e.driver)}) was not there when the snapshot was made, and stays`,
      where: place(e),
      why: 'the guest may not see it until it is taken out and plugged again',
    }),
  },
  /** A device of the host that the VM had then, and has not now. */
  'snapshot-device-away': {
    kind: 'failed',
    text: ({ label, vm }: { label: string; vm: string }): Text => ({
      what: `${printable(vm)} had ${printable(label)} when the snapshot was made, and has not now`,
    }),
  },
  /** A device of the host that did not come back; `selector` names it on a command line. */
  'device-not-back': {
    kind: 'failed',
    text: (e: { label: string; vm: string; selector: string; bus: string; port: string; reason: string }): Text => ({
      what: `${printable(e.label)} did not come back to ${printable(e.vm)}`,
      where: place(e),
      why: e.reason,
      fix: sh`qplug attach ${e.vm} ${e.selector} --controller ${e.bus} --port ${e.port}`,
    }),
  },
} as const;

function differenceWords(difference: TreeDifference): { readonly why: string; readonly fix: Fix | undefined } {
  switch (difference.is) {
    case 'controller-missing':
      return {
        why: `it had the controller ${controllerWords(difference.controller)}, which it has not`,
        fix: advice(
          `Start it with that controller at that PCI address, in the file under usb.controllers: ${controllerLine(difference.controller)}`,
        ),
      };
    case 'controller-extra':
      return {
        why: `it has the controller ${controllerWords(difference.controller)}, which it had not: that would go on writing into the memory of a guest that knows nothing of it`,
        fix: advice('Start it without that controller'),
      };
    case 'controller-other':
      return {
        why: `it had ${controllerWords(difference.saved)} where it has ${controllerWords(difference.now)}`,
        fix: advice(
          `Start it with the controller that it had, in the file under usb.controllers: ${controllerLine(difference.saved)}`,
        ),
      };
    case 'device-missing':
      return {
        why: `it had a ${printable(difference.driver)} on ${place(difference)}, and nobody but who made it knows how it is made`,
        fix: advice(`Start it with that ${printable(difference.driver)} on ${place(difference)}`),
      };
    case 'place-taken':
      return {
        why: `it had a ${printable(difference.driver)} on ${place(difference)}, where ${printable(difference.id)} is now, which qplug could not put back`,
        fix: advice('Take that out where it came from'),
      };
  }
}
