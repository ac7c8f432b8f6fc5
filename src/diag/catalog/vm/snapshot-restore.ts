import type { Text } from '../../finding.js';
import { advice, type Fix, sh } from '../../fix.js';
import { printable } from '../../printable.js';
import type { SavedState } from './snapshots.js';

/** A controller of the snapshot or of the running VM. */
interface ControllerSeen {
  readonly name: string;
  readonly model: string;
  /** `pcie.0/1c.0/0.0`; null: on no PCI bus. */
  readonly address: string | null;
  /** How many root ports it has for USB 2 and slower, and for USB 3. */
  readonly slow: number;
  readonly fast: number;
}

/** Why qplug can't make a VM's USB tree that of the snapshot. */
type TreeDifference =
  | { readonly is: 'controller-missing' | 'controller-extra'; readonly controller: ControllerSeen }
  | { readonly is: 'controller-other'; readonly saved: ControllerSeen; readonly now: ControllerSeen }
  /** A device that qplug did not create. */
  | { readonly is: 'device-missing'; readonly driver: string; readonly bus: string; readonly port: string }
  /** `id`: the device in its place, which qplug could not plug in again. */
  | {
      readonly is: 'place-taken';
      readonly driver: string;
      readonly bus: string;
      readonly port: string;
      readonly id: string;
    };

const snapshot = (action: string, { vm, tag }: SavedState) => sh`qplug snapshot ${action} ${vm} ${tag}`;

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
  none: 'qplug did not save it, or not on this host',
  torn: 'the file that lists them is damaged',
  newer: 'a newer qplug wrote the file that lists them',
  unreadable: "can't read the file that lists them",
} as const;

export const snapshotRestore = {
  'snapshot-half-loaded': {
    kind: 'failed',
    text: (e: SavedState): Text => ({
      what: `the guest of ${printable(e.vm)} is stopped, because QEMU loaded only a part of the snapshot`,
      why: "QEMU can't undo a partial load; do not let the guest continue",
      fix: [
        advice('remove the cause, then restore this snapshot or another one'),
        snapshot('restore', e),
        advice('otherwise: ', sh`qplug kill ${e.vm}`),
      ],
    }),
  },
  'guest-half-loaded': {
    kind: 'refused',
    text: ({ vm }: { vm: string }): Text => ({
      what: `the guest of ${printable(vm)} must not continue: QEMU loaded only a part of a snapshot`,
      why: 'the guest would damage its disks',
      fix: [sh`qplug snapshot list ${vm}`, advice('then restore one of them; otherwise: ', sh`qplug kill ${vm}`)],
    }),
  },
  /** `none`: there is no record of the tree · else what is wrong with its file. */
  'snapshot-unrecorded': {
    kind: 'refused',
    text: (
      e: SavedState & {
        record: 'none' | 'torn' | 'newer' | 'unreadable';
        path: string | undefined;
      },
    ): Text => ({
      what: `qplug does not know the USB devices of the snapshot ${printable(e.tag)}`,
      where: e.path === undefined || e.record === 'none' ? undefined : printable(e.path, 300),
      why: `${RECORDS[e.record]}; where the VM lacks one of them, QEMU stops halfway through the load`,
      fix: [
        sh`qplug snapshot restore ${e.vm} ${e.tag} --as-it-is`,
        advice('tries it with the VM as it is; if the load fails, the guest is left stopped and half loaded'),
      ],
    }),
  },
  'snapshot-tree-differs': {
    kind: 'refused',
    text: ({ vm, tag, difference }: SavedState & { difference: TreeDifference }): Text => ({
      what: `can't make the USB tree of ${printable(vm)} that of the snapshot ${printable(tag)}`,
      ...differenceWords(difference),
    }),
  },
  /** A device that is not in the snapshot, and stays. */
  'snapshot-device-extra': {
    kind: 'failed',
    text: (e: { id: string; driver: string; bus: string; port: string }): Text => ({
      what: `${printable(e.id)} (${printable(e.driver)}) is not in the snapshot; it stays plugged in`,
      where: place(e),
      why: 'the guest may not see it until it is unplugged and plugged in again',
    }),
  },
  /** A device of the host that the VM had when the state was saved, and does not have now. */
  'snapshot-device-away': {
    kind: 'failed',
    text: ({ label, vm }: { label: string; vm: string }): Text => ({
      what: `${printable(vm)} had ${printable(label)} when the snapshot was saved, but does not have it now`,
    }),
  },
  /** A device of the host that qplug could not plug in again; `selector` names it on a command line. */
  'device-not-back': {
    kind: 'failed',
    text: (e: { label: string; vm: string; selector: string; bus: string; port: string; reason: string }): Text => ({
      what: `could not plug ${printable(e.label)} into ${printable(e.vm)} again`,
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
        why: `the snapshot has the controller ${controllerWords(difference.controller)}; the running VM does not`,
        fix: advice(
          `Start the VM with that controller at that PCI address; in its file under usb.controllers: ${controllerLine(difference.controller)}`,
        ),
      };
    case 'controller-extra':
      return {
        why: `the running VM has the controller ${controllerWords(difference.controller)}; the snapshot does not, and the controller would keep writing into the memory of a guest that does not know it`,
        fix: advice('Start the VM without that controller'),
      };
    case 'controller-other':
      return {
        why: `the snapshot has ${controllerWords(difference.saved)}; the running VM has ${controllerWords(difference.now)} in its place`,
        fix: advice(
          `Start the VM with the controller of the snapshot; in its file under usb.controllers: ${controllerLine(difference.saved)}`,
        ),
      };
    case 'device-missing':
      return {
        why: `the snapshot has a ${printable(difference.driver)} on ${place(difference)}; qplug did not create it and can't recreate it`,
        fix: advice(`Start the VM with that ${printable(difference.driver)} on ${place(difference)}`),
      };
    case 'place-taken':
      return {
        why: `the snapshot has a ${printable(difference.driver)} on ${place(difference)}; ${printable(difference.id)} is there now, and qplug could not plug it in again`,
        fix: advice(`Unplug ${printable(difference.id)} with the tool that plugged it in`),
      };
  }
}
