import type { Text } from '../finding.js';
import { advice, path, sh } from '../fix.js';
import { printable } from '../printable.js';
import { list } from './words.js';

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

const snapshot = (action: string, { vm, tag }: State) => sh`qplug snapshot ${action} ${vm} ${tag}`;

const diskWords = ({ name, driver, file }: DiskSeen): string =>
  `${printable(name)} (${printable(driver)}${file === '' ? '' : `, ${printable(file, 200)}`})`;

const ACTIONS = { save: 'saved', load: 'restored', delete: 'deleted' } as const;

export const snapshots = {
  'snapshot-tag-wrong': {
    kind: 'usage',
    text: ({ tag, longest }: { tag: string; longest: number }): Text => ({
      what: `"${printable(tag, 80)}" can't be the tag of a snapshot`,
      why: `a tag has up to ${longest} letters, digits, "_", "." and "-", the first of them a letter or a digit, and is no number: QEMU would take that for another snapshot's`,
    }),
  },
  'snapshot-tag-missing': {
    kind: 'usage',
    text: ({ vm, action, tags }: { vm: string; action: string; tags: readonly string[] }): Text => ({
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
    text: ({ tag }: { tag: string }): Text => ({
      what: `qplug snapshot list takes no tag, and was given "${printable(tag, 80)}"`,
    }),
  },
  'snapshot-exists': {
    kind: 'refused',
    text: (e: State): Text => ({
      what: `${printable(e.vm)} has a snapshot ${printable(e.tag)} already`,
      fix: [snapshot('delete', e), advice('or another tag')],
    }),
  },
  'snapshot-unknown': {
    kind: 'not-found',
    text: ({ vm, tag, tags, nearest }: State & { tags: readonly string[]; nearest: string | undefined }): Text => ({
      what: `${printable(vm)} has no snapshot ${printable(tag)}`,
      why: tags.length === 0 ? 'it has none' : `it has ${list(tags)}`,
      fix: nearest === undefined ? undefined : advice(`did you mean ${printable(nearest)}?`),
    }),
  },
  /** Disks that lack it. */
  'snapshot-partial': {
    kind: 'refused',
    text: (e: State & { disks: readonly string[] }): Text => ({
      what: `the snapshot ${printable(e.tag)} of ${printable(e.vm)} is not on all disks that its guest can change`,
      why: `${list(e.disks)} ${e.disks.length === 1 ? 'lacks' : 'lack'} it: that disk was added later, or the snapshot was cut off`,
      fix: [snapshot('delete', e), advice('or start it with the disks that it had')],
    }),
  },
  'snapshot-without-state': {
    kind: 'refused',
    text: (e: State): Text => ({
      what: `the snapshot ${printable(e.tag)} of ${printable(e.vm)} is one of disks alone`,
      why: 'there is no state of the VM in it that a guest could go on from; qemu-img takes it back while the VM does not run',
    }),
  },
  'snapshot-no-disk': {
    kind: 'refused',
    text: ({ vm, disks }: { vm: string; disks: readonly (DiskSeen & { readonly readOnly: boolean })[] }): Text => ({
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
    text: (e: DiskSeen & { vm: string }): Text => ({
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
    text: ({ vm, driver, id, port }: { vm: string; driver: string; id: string; port: string }): Text => ({
      what: `${printable(id)} does not let ${printable(vm)} be saved`,
      where: `port ${printable(port)}`,
      why: `QEMU can't save a ${printable(driver)}`,
      fix: sh`qplug detach ${vm} ${id}`,
    }),
  },
  /** QEMU's words. */
  'snapshot-failed': {
    kind: 'failed',
    text: ({
      action,
      tag,
      desc,
      lastLines,
    }: {
      action: 'save' | 'load' | 'delete';
      tag: string;
      desc: string;
      lastLines: readonly string[];
    }): Text => ({
      what: `the snapshot ${printable(tag)} could not be ${ACTIONS[action]}`,
      why: `QEMU says: ${printable(desc)}${lastLines.length === 0 ? '' : `; its last lines: ${lastLines.map((line) => printable(line)).join(' | ')}`}`,
    }),
  },
} as const;
