import type { Catalog } from '../finding.js';
import { advice, type Fix, path, sh } from '../fix.js';
import { printable } from '../printable.js';

/** A saved state of a VM. */
interface State {
  readonly vm: string;
  readonly tag: string;
}

/** A disk by its name, QEMU's driver of it and its file, raw. */
interface DiskSeen {
  readonly name: string;
  readonly driver: string;
  readonly file: string;
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

/** The findings of saved states, each with its evidence. */
export interface SnapshotEvidence {
  'snapshot-tag-wrong': { readonly tag: string; readonly longest: number };
  'snapshot-tag-missing': { readonly vm: string; readonly action: string; readonly tags: readonly string[] };
  'snapshot-tag-idle': { readonly tag: string };
  'snapshot-exists': State;
  'snapshot-unknown': State & { readonly tags: readonly string[]; readonly nearest: string | undefined };
  /** Disks that lack it. */
  'snapshot-partial': State & { readonly disks: readonly string[] };
  'snapshot-without-state': State;
  'snapshot-no-disk': { readonly vm: string; readonly disks: readonly (DiskSeen & { readonly readOnly: boolean })[] };
  'snapshot-disk-unable': DiskSeen & { readonly vm: string };
  'snapshot-blocked': { readonly vm: string; readonly driver: string; readonly id: string; readonly port: string };
  /** QEMU's words. */
  'snapshot-failed': {
    readonly action: 'save' | 'load' | 'delete';
    readonly tag: string;
    readonly desc: string;
    readonly lastLines: readonly string[];
  };
  'snapshot-half-loaded': State;
  'guest-half-loaded': { readonly vm: string };
  /** `none`: no tree is known · else what is wrong with the file that should tell it. */
  'snapshot-unrecorded': State & {
    readonly record: 'none' | 'torn' | 'newer' | 'unreadable';
    readonly path: string | undefined;
  };
  'snapshot-tree-differs': State & { readonly difference: TreeDifference };
  /** A device that was not there when the state was saved, and stays. */
  'snapshot-device-extra': {
    readonly id: string;
    readonly driver: string;
    readonly bus: string;
    readonly port: string;
  };
  /** A device of the host that the VM had then, and has not now. */
  'snapshot-device-away': { readonly label: string; readonly vm: string };
  /** A device of the host that did not come back; `selector` names it on a command line. */
  'device-not-back': {
    readonly label: string;
    readonly vm: string;
    readonly selector: string;
    readonly bus: string;
    readonly port: string;
    readonly reason: string;
  };
}

const snapshot = (action: string, { vm, tag }: State) => sh`qplug snapshot ${action} ${vm} ${tag}`;
const list = (words: readonly string[]): string => words.map((word) => printable(word)).join(', ');
const place = ({ bus, port }: { readonly bus: string; readonly port: string }): string =>
  `${printable(bus)} port ${printable(port)}`;
const diskWords = ({ name, driver, file }: DiskSeen): string =>
  `${printable(name)} (${printable(driver)}${file === '' ? '' : `, ${printable(file, 200)}`})`;

const ACTIONS = { save: 'saved', load: 'restored', delete: 'deleted' } as const;

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

const RECORDS = {
  none: 'qplug did not save it, or not on this host, so nobody knows what USB devices it had and where',
  torn: 'the file that tells what USB devices it had is damaged',
  newer: 'the file that tells what USB devices it had is of a newer qplug',
  unreadable: 'the file that tells what USB devices it had can not be read',
} as const;

export const snapshotCatalog: Catalog<SnapshotEvidence> = {
  'snapshot-tag-wrong': {
    kind: 'usage',
    text: ({ tag, longest }) => ({
      what: `"${printable(tag, 80)}" can't be the tag of a snapshot`,
      why: `a tag has up to ${longest} letters, digits, "_", "." and "-", the first of them a letter or a digit, and is no number: QEMU would take that for another snapshot's`,
    }),
  },
  'snapshot-tag-missing': {
    kind: 'usage',
    text: ({ vm, action, tags }) => ({
      what: `qplug snapshot ${printable(action)} needs a tag`,
      why: tags.length === 0 ? `${printable(vm)} has no snapshots` : `${printable(vm)} has ${list(tags)}`,
      fix:
        tags.length === 0
          ? sh`qplug snapshot save ${vm} clean`
          : snapshot(action, { vm, tag: action === 'save' ? 'clean' : (tags[0] ?? '') }),
    }),
  },
  'snapshot-tag-idle': {
    kind: 'usage',
    text: ({ tag }) => ({ what: `qplug snapshot list takes no tag, and was given "${printable(tag, 80)}"` }),
  },
  'snapshot-exists': {
    kind: 'refused',
    text: (e) => ({
      what: `${printable(e.vm)} has a snapshot ${printable(e.tag)} already`,
      fix: [snapshot('delete', e), advice('or another tag')],
    }),
  },
  'snapshot-unknown': {
    kind: 'not-found',
    text: ({ vm, tag, tags, nearest }) => ({
      what: `${printable(vm)} has no snapshot ${printable(tag)}`,
      why: tags.length === 0 ? 'it has none' : `it has ${list(tags)}`,
      fix: nearest === undefined ? undefined : advice(`did you mean ${printable(nearest)}?`),
    }),
  },
  'snapshot-partial': {
    kind: 'refused',
    text: (e) => ({
      what: `the snapshot ${printable(e.tag)} of ${printable(e.vm)} is not on all disks that its guest can change`,
      why: `${list(e.disks)} ${e.disks.length === 1 ? 'lacks' : 'lack'} it: that disk was added later, or the snapshot was cut off`,
      fix: [snapshot('delete', e), advice('or start it with the disks that it had')],
    }),
  },
  'snapshot-without-state': {
    kind: 'refused',
    text: (e) => ({
      what: `the snapshot ${printable(e.tag)} of ${printable(e.vm)} is one of disks alone`,
      why: 'there is no state of the VM in it that a guest could go on from; qemu-img takes it back while the VM does not run',
    }),
  },
  'snapshot-no-disk': {
    kind: 'refused',
    text: ({ vm, disks }) => ({
      what: `no disk of ${printable(vm)} can hold a snapshot`,
      why:
        disks.length === 0
          ? 'it has no disks; the state of the VM is kept in a qcow2 image'
          : `the state of the VM is kept in a qcow2 image that it can write to, and it has ${disks.map((disk) => diskWords(disk) + (disk.readOnly ? ', read-only' : '')).join('; ')}`,
      fix: [sh`qemu-img create -f qcow2 state.qcow2 1G`, advice('and in the VM file: drives: [{ file: state.qcow2 }]')],
    }),
  },
  'snapshot-disk-unable': {
    kind: 'refused',
    text: (e) => ({
      what: `${diskWords(e)} can't be part of a snapshot`,
      where: `VM ${printable(e.vm)}`,
      why: 'the guest can write to it, so after a restore it would not fit the rest; only qcow2 images take snapshots',
      fix: [
        e.file === '' ? undefined : sh`qemu-img convert -O qcow2 ${path(e.file)} ${path(`${e.file}.qcow2`)}`,
        advice(
          `${e.file === '' ? 'convert it to qcow2' : 'convert it while the VM does not run'}, and start the VM with that; or make the drive read-only`,
        ),
      ],
    }),
  },
  'snapshot-blocked': {
    kind: 'refused',
    text: ({ vm, driver, id, port }) => ({
      what: `${printable(id)} does not let ${printable(vm)} be saved`,
      where: `port ${printable(port)}`,
      why: `QEMU can't save a ${printable(driver)}`,
      fix: sh`qplug detach ${vm} ${id}`,
    }),
  },
  'snapshot-failed': {
    kind: 'failed',
    text: ({ action, tag, desc, lastLines }) => ({
      what: `the snapshot ${printable(tag)} could not be ${ACTIONS[action]}`,
      why: `QEMU says: ${printable(desc)}${lastLines.length === 0 ? '' : `; its last lines: ${lastLines.map((line) => printable(line)).join(' | ')}`}`,
    }),
  },
  'snapshot-half-loaded': {
    kind: 'failed',
    text: (e) => ({
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
    text: ({ vm }) => ({
      what: `the guest of ${printable(vm)} must not go on: half of it is of a snapshot that could not be loaded, and half is not`,
      why: 'what it wrote from there would spoil its disks',
      fix: [sh`qplug snapshot list ${vm}`, advice('then restore one that can be loaded; else: ', sh`qplug kill ${vm}`)],
    }),
  },
  'snapshot-unrecorded': {
    kind: 'refused',
    text: (e) => ({
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
    text: ({ vm, tag, difference }) => ({
      what: `${printable(vm)} can't be made what it was when ${printable(tag)} was saved`,
      ...differenceWords(difference),
    }),
  },
  'snapshot-device-extra': {
    kind: 'failed',
    text: (e) => ({
      what: `${printable(e.id)} (${printable(e.driver)}) was not there when the snapshot was made, and stays`,
      where: place(e),
      why: 'the guest may not see it until it is taken out and plugged again',
    }),
  },
  'snapshot-device-away': {
    kind: 'failed',
    text: ({ label, vm }) => ({
      what: `${printable(vm)} had ${printable(label)} when the snapshot was made, and has not now`,
    }),
  },
  'device-not-back': {
    kind: 'failed',
    text: (e) => ({
      what: `${printable(e.label)} did not come back to ${printable(e.vm)}`,
      where: place(e),
      why: e.reason,
      fix: sh`qplug attach ${e.vm} ${e.selector} --controller ${e.bus} --port ${e.port}`,
    }),
  },
};
