import type { BlockInfo, QmpConnection, SnapshotInfo } from '../../qmp/index.js';

/** A snapshot on one disk. */
export interface DiskSnapshot {
  /** Raw: other programs accept any text as a tag. */
  readonly tag: string;
  /** When it was saved: seconds since 1970, and nanoseconds. */
  readonly seconds: number;
  readonly nanoseconds: number;
  /** Bytes of the VM's state; 0 on disks that hold only their own contents. */
  readonly stateBytes: number;
  /** The guest's clock in ms. */
  readonly clock: number;
}

/** A disk of a VM and its snapshots. */
export interface Disk {
  /** Its node name, for QEMU's commands. */
  readonly node: string;
  /** For messages, raw: the name of the drive, its node or its device. */
  readonly name: string;
  /** Raw. */
  readonly file: string;
  /** QEMU's format driver: `qcow2`, `raw`, … */
  readonly driver: string;
  readonly readOnly: boolean;
  /** Bytes, as the guest sees it. */
  readonly size: number;
  readonly snapshots: readonly DiskSnapshot[];
}

/** The only format that can hold a VM's state (block/qcow2-snapshot.c; the others have no bdrv_save_vmstate). */
export const STATE_FORMAT = 'qcow2';

/**
 * Reads the disks of a VM's devices: `query-block`. Skips drives without a medium.
 *
 * @throws QmpError
 */
export async function readDisks(qmp: QmpConnection, signal: AbortSignal): Promise<Disk[]> {
  // a QEMU that saves a state answers only afterwards
  const answer = await qmp.execute('query-block', undefined, { signal, timeout: Number.POSITIVE_INFINITY });
  const disks = new Map<string, Disk>();
  for (const one of answer) {
    const disk = diskOf(one);
    // two drives may share a node
    if (disk !== undefined && !disks.has(disk.node)) disks.set(disk.node, disk);
  }
  return [...disks.values()];
}

/** @returns the disks that a snapshot must include: those that the guest can change */
export function writableDisks(disks: readonly Disk[]): Disk[] {
  return disks.filter(({ readOnly }) => !readOnly);
}

/** @returns the disk to hold a VM's state: the largest possible one, so that it is not the disk of the firmware's variables */
export function stateDisk(disks: readonly Disk[]): Disk | undefined {
  return writableDisks(disks)
    .filter(({ driver }) => driver === STATE_FORMAT)
    .reduce<Disk | undefined>((best, one) => (best === undefined || one.size > best.size ? one : best), undefined);
}

function diskOf({ device, qdev, inserted }: BlockInfo): Disk | undefined {
  const { 'node-name': node = '', drv, ro, file, image } = inserted ?? {};
  if (node === '' || drv === undefined) return undefined;
  const names = [device, node.startsWith('#') ? undefined : node, deviceName(qdev)];
  return {
    node,
    name: names.find((one) => one !== undefined && one !== '') ?? node,
    file: file ?? '',
    driver: drv,
    readOnly: ro === true,
    size: image?.['virtual-size'] ?? 0,
    snapshots: (image?.snapshots ?? []).map(snapshotOf),
  };
}

/** @returns `va` for /machine/peripheral/va/virtio-backend */
function deviceName(qdev: string | undefined): string | undefined {
  return qdev === undefined ? undefined : /^\/machine\/peripheral\/([^/]+)/.exec(qdev)?.[1];
}

function snapshotOf(info: SnapshotInfo): DiskSnapshot {
  return {
    tag: info.name,
    seconds: info['date-sec'] ?? 0,
    nanoseconds: info['date-nsec'] ?? 0,
    stateBytes: info['vm-state-size'] ?? 0,
    clock: (info['vm-clock-sec'] ?? 0) * 1000 + Math.floor((info['vm-clock-nsec'] ?? 0) / 1_000_000),
  };
}
