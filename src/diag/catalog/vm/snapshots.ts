import type { Text } from '../../finding.js';
import { advice, path, sh } from '../../fix.js';
import { printable } from '../../printable.js';
import { list } from '../words.js';

/** A saved state of a VM. */
export interface SavedState {
  readonly vm: string;
  readonly tag: string;
}

/** A disk by its name, QEMU's driver of it and its file, raw. */
interface DiskSeen {
  readonly name: string;
  readonly driver: string;
  readonly file: string;
}

const snapshot = (action: string, { vm, tag }: SavedState) => sh`qplug snapshot ${action} ${vm} ${tag}`;

const diskWords = ({ name, driver, file }: DiskSeen): string =>
  `${printable(name)} (${printable(driver)}${file === '' ? '' : `, ${printable(file, 200)}`})`;

const ACTIONS = { save: 'save', load: 'restore', delete: 'delete' } as const;

export const snapshots = {
  'snapshot-tag-wrong': {
    kind: 'usage',
    text: ({ tag, longest }: { tag: string; longest: number }): Text => ({
      what: `"${printable(tag, 80)}" is not a valid snapshot tag`,
      why: `a tag has up to ${longest} letters, digits, "_", "." and "-", begins with a letter or digit, and is not a number: QEMU would read a number as the id of another snapshot`,
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
      what: `qplug snapshot list takes no tag, but got "${printable(tag, 80)}"`,
    }),
  },
  'snapshot-exists': {
    kind: 'refused',
    text: (e: SavedState): Text => ({
      what: `${printable(e.vm)} already has a snapshot ${printable(e.tag)}`,
      fix: [snapshot('delete', e), advice('or use another tag')],
    }),
  },
  'snapshot-unknown': {
    kind: 'not-found',
    text: ({
      vm,
      tag,
      tags,
      nearest,
    }: SavedState & { tags: readonly string[]; nearest: string | undefined }): Text => ({
      what: `${printable(vm)} has no snapshot ${printable(tag)}`,
      why: tags.length === 0 ? 'it has none' : `it has ${list(tags)}`,
      fix: nearest === undefined ? undefined : advice(`did you mean ${printable(nearest)}?`),
    }),
  },
  /** `disks`: those without the snapshot. */
  'snapshot-partial': {
    kind: 'refused',
    text: (e: SavedState & { disks: readonly string[] }): Text => ({
      what: `the snapshot ${printable(e.tag)} of ${printable(e.vm)} is not on all disks that its guest can write to`,
      why: `${list(e.disks)} ${e.disks.length === 1 ? 'lacks' : 'lack'} it: the disk was added later, or the save was interrupted`,
      fix: [snapshot('delete', e), advice('or start the VM with the disks of the snapshot')],
    }),
  },
  'snapshot-without-state': {
    kind: 'refused',
    text: (e: SavedState): Text => ({
      what: `the snapshot ${printable(e.tag)} of ${printable(e.vm)} covers only disks`,
      why: 'it has no VM state from which a guest could continue; restore it with qemu-img while the VM does not run',
    }),
  },
  'snapshot-no-disk': {
    kind: 'refused',
    text: ({ vm, disks }: { vm: string; disks: readonly (DiskSeen & { readonly readOnly: boolean })[] }): Text => ({
      what: `no disk of ${printable(vm)} can hold a snapshot`,
      why:
        disks.length === 0
          ? 'it has no disks; QEMU saves the state of the VM into a qcow2 image'
          : `QEMU saves the state of the VM into a writable qcow2 image, and the VM has ${disks.map((disk) => diskWords(disk) + (disk.readOnly ? ', read-only' : '')).join('; ')}`,
      fix: [sh`qemu-img create -f qcow2 state.qcow2 1G`, advice('and in the VM file: drives: [{ file: state.qcow2 }]')],
    }),
  },
  'snapshot-disk-unable': {
    kind: 'refused',
    text: (e: DiskSeen & { vm: string }): Text => ({
      what: `${diskWords(e)} can't be part of a snapshot`,
      where: `VM ${printable(e.vm)}`,
      why: 'the guest can write to it, so after a restore it would not match the other disks; only qcow2 images hold snapshots',
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
      what: `${printable(id)} prevents a snapshot of ${printable(vm)}`,
      where: `port ${printable(port)}`,
      why: `QEMU can't save a ${printable(driver)}`,
      fix: sh`qplug detach ${vm} ${id}`,
    }),
  },
  /** `desc`: QEMU's words. */
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
      what: `could not ${ACTIONS[action]} the snapshot ${printable(tag)}`,
      why: `QEMU reports: ${printable(desc)}${lastLines.length === 0 ? '' : `; its last lines: ${lastLines.map((line) => printable(line)).join(' | ')}`}`,
    }),
  },
} as const;
