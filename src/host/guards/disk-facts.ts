import type { Volume } from '../../diag/index.js';
import { type HostFiles, trimmed } from './host-files.js';
import type { ClassEntry } from './kernel-objects.js';
import { type Mount, mountsOn } from './mounts.js';
import { unescapeOctal } from './octal.js';

/** One block device: a disk, a partition, or a volume. */
export interface BlockFacts {
  /** `sdb1` */
  readonly name: string;
  /** As in `HostFiles.device`. */
  readonly device: string | undefined;
  /** The kind of volume, if it is built on other block devices. */
  readonly volume: Volume | undefined;
  /** Names of the block devices that are built on it. */
  readonly holders: readonly string[];
  /** Whether its file system is mounted, even if `mounts` cannot say where. */
  readonly mounted: boolean;
  readonly mounts: readonly Mount[];
  readonly swap: boolean;
}

/** What the kernel mounts and swaps on, read once. */
export interface DiskWorld {
  readonly mounts: readonly Mount[];
  readonly blocks: readonly ClassEntry[];
}

/**
 * Reads some block devices and everything that is built on them, at any depth: device-mapper, MD, bcache (/sys/class/block/NAME/holders,
 * which the kernel writes in bd_link_disk_holder), and loop devices, which open their disk without an entry there.
 *
 * @param names - the USB devices' own disks and partitions
 * @returns the facts by name
 */
export function readBlocks(files: HostFiles, names: readonly string[], world: DiskWorld): Map<string, BlockFacts> {
  const found = new Map<string, BlockFacts>();
  if (names.length === 0) return found;
  const swaps = swapDevices(files);
  const loops = loopDevices(files, world.blocks);
  const btrfs = btrfsDevices(files);
  const waiting = [...names];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (found.has(name)) continue;
    const folder = `/sys/class/block/${name}`;
    const number = trimmed(files, `${folder}/dev`);
    const device = number === undefined ? undefined : `block ${number}`;
    const volume = volumeOf(files, name);
    const looping = device === undefined ? [] : (loops.get(device) ?? []);
    const holders = [...(files.list(`${folder}/holders`) ?? []), ...looping].sort();
    const pool = btrfs.find((one) => one.includes(name));
    const sharing = pool ?? [name];
    const key = {
      numbers: new Set(sharing.flatMap((one) => trimmed(files, `/sys/class/block/${one}/dev`) ?? [])),
      paths: new Set([...sharing.map((one) => `/dev/${one}`), ...mapperPath(volume)]),
    };
    const mounts = mountsOn(world.mounts, key, files);
    found.set(name, {
      name,
      device,
      volume,
      holders,
      mounted: mounts.length > 0 || pool !== undefined,
      mounts,
      swap: device !== undefined && swaps.has(device),
    });
    waiting.push(...holders);
  }
  return found;
}

function mapperPath(volume: Volume | undefined): readonly string[] {
  return volume?.name === undefined ? [] : [`/dev/mapper/${volume.name}`];
}

/** The devices of /proc/swaps. A swap file is not among them, but the mount of its file system is a use too. */
function swapDevices(files: HostFiles): ReadonlySet<string> {
  const lines = (files.text('/proc/swaps') ?? '').split('\n').slice(1);
  const devices = lines.flatMap((line) => files.device(unescapeOctal(line.split(/\s/, 1)[0] ?? '')) ?? []);
  return new Set(devices);
}

/** Names of loop devices, by the device that they are built on (drivers/block/loop.c shows `backing_file` while a loop device has one). */
function loopDevices(files: HostFiles, blocks: readonly ClassEntry[]): ReadonlyMap<string, readonly string[]> {
  const loops = new Map<string, string[]>();
  for (const { name } of blocks) {
    if (!/^loop\d+$/.test(name)) continue;
    const path = files.text(`/sys/class/block/${name}/loop/backing_file`)?.replace(/\n$/, '');
    const device = path === undefined ? undefined : files.device(path);
    if (device !== undefined) loops.set(device, [...(loops.get(device) ?? []), name]);
  }
  return loops;
}

/** For each mounted btrfs: the names of all its devices (fs/btrfs/sysfs.c). The entry of its mount names only one of them. */
function btrfsDevices(files: HostFiles): readonly (readonly string[])[] {
  const folders = (files.list('/sys/fs/btrfs') ?? []).filter((name) => name !== 'features');
  return folders.map((id) => files.list(`/sys/fs/btrfs/${id}/devices`) ?? []);
}

/** @returns the kind of volume of a block device; undefined for a disk or a partition */
function volumeOf(files: HostFiles, name: string): Volume | undefined {
  const node = `/dev/${name}`;
  if (/^dm-\d+$/.test(name)) {
    const uuid = trimmed(files, `/sys/class/block/${name}/dm/uuid`) ?? '';
    const label = files.text(`/sys/class/block/${name}/dm/name`)?.replace(/\n$/, '');
    return { node, what: mapperKind(uuid), name: label === '' ? undefined : label };
  }
  if (/^md/.test(name)) return { node, what: 'MD' };
  if (/^bcache/.test(name)) return { node, what: 'bcache' };
  if (/^loop\d+$/.test(name)) return { node, what: 'loop' };
  return /^(sd|nvme|mmcblk|vd|sr|ub)/.test(name) ? undefined : { node, what: 'other' };
}

/** The tools write their own name before the UUID: lib/utils_devmapper.c of cryptsetup, lib/uuid of LVM2, multipath-tools. */
function mapperKind(uuid: string): Volume['what'] {
  if (uuid.startsWith('CRYPT-')) return 'LUKS';
  if (uuid.startsWith('LVM-')) return 'LVM';
  return /^(part\d+-)?mpath-/.test(uuid) ? 'multipath' : 'device-mapper';
}
