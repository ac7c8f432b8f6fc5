import type { Guard } from '../../../../src/diag/index.js';
import { readGuardFacts } from '../../../../src/host/guards/facts.js';
import { guardsOf } from '../../../../src/host/guards/guards-of.js';
import type { HostDevice, HostFiles, HostInventory } from '../../../../src/host/index.js';
import { inventoryOf, recording } from '../recordings.js';

/** What stands at a path: text, bytes, a symbolic link, or a device node (`block 8:1`). */
export type Entry = string | Uint8Array | { readonly link: string } | { readonly node: string };

export type Tree = Readonly<Record<string, Entry>>;

/** A /proc, /sys, /dev and /run out of nothing but these entries; folders are there by what is in them. Links are not followed. */
export function hostFiles(...trees: readonly Tree[]): HostFiles {
  const tree = new Map(trees.flatMap((one) => Object.entries(one)));
  const folders = new Map<string, Set<string>>();
  for (const path of tree.keys()) {
    const parts = path.split('/');
    for (let length = parts.length - 1; length > 0; length--) {
      const folder = parts.slice(0, length).join('/');
      folders.set(folder, (folders.get(folder) ?? new Set()).add(parts[length] as string));
    }
  }
  const bytes = (path: string): Buffer | undefined => {
    const entry = tree.get(path);
    if (typeof entry === 'string') return Buffer.from(entry);
    return entry instanceof Uint8Array ? Buffer.from(entry) : undefined;
  };
  const nodeAt = (path: string): string | undefined => {
    const entry = tree.get(path);
    if (typeof entry !== 'object' || entry instanceof Uint8Array) return undefined;
    return 'node' in entry ? entry.node : nodeAt(entry.link);
  };
  return {
    list: (path) => (folders.has(path) ? [...(folders.get(path) ?? [])] : undefined),
    text: (path) => bytes(path)?.toString('utf8'),
    bytes,
    link: (path) => {
      const entry = tree.get(path);
      return typeof entry === 'object' && 'link' in entry ? entry.link : undefined;
    },
    device: nodeAt,
  };
}

/** Six devices, one a port: disks at 2-1 and 3-1, tablet 1-2, card reader 1-4, mouse 4-1, keyboard 4-2. */
export const inventory: HostInventory = inventoryOf(recording('six-devices'));

export function deviceAt(port: string, more: Partial<HostDevice> = {}): HostDevice {
  const found = [...inventory.devices, ...inventory.hubs].find((one) => one.port === port);
  if (found === undefined) throw new Error(`the recording has nothing at ${port}`);
  return { ...found, ...more };
}

/** @returns why a host of that tree needs a device */
export function guardsAt(device: HostDevice, ...trees: readonly Tree[]): readonly Guard[] {
  return guardsOf(device, inventory, readGuardFacts(hostFiles(...trees), [device]));
}

const PCI = { '1': '0000:00:03.0', '2': '0000:00:03.0', '3': '0000:00:04.0', '4': '0000:00:05.0' };

/** @returns what a link of /sys/class says that leads to something of a device's first interface */
export function below(port: string, rest: string): { readonly link: string } {
  const bus = port.slice(0, 1) as keyof typeof PCI;
  return { link: `../../devices/pci0000:00/${PCI[bus]}/usb${bus}/${port}/${port}:1.0/${rest}` };
}

/** A disk and its partitions, at major 8. The disk's minor is 0 for sda, 16 for sdb. */
export function disk(port: string, name: string, partitions = 1): Tree {
  const first = (name.charCodeAt(2) - 97) * 16;
  const folder = `host2/target2:0:0/2:0:0:0/block/${name}`;
  const parts = Array.from({ length: partitions }, (_, i) => i + 1);
  return Object.fromEntries([
    [`/sys/class/block/${name}`, below(port, folder)],
    [`/sys/class/block/${name}/dev`, `8:${first}\n`],
    [`/dev/${name}`, { node: `block 8:${first}` }],
    ...parts.flatMap((part) => [
      [`/sys/class/block/${name}${part}`, below(port, `${folder}/${name}${part}`)],
      [`/sys/class/block/${name}${part}/dev`, `8:${first + part}\n`],
      [`/dev/${name}${part}`, { node: `block 8:${first + part}` }],
    ]),
  ]);
}

/** A volume, such as `dm-0`, on other block devices. */
export function volume(name: string, number: string, on: readonly string[], more: Tree = {}): Tree {
  return {
    [`/sys/class/block/${name}`]: { link: `../../devices/virtual/block/${name}` },
    [`/sys/class/block/${name}/dev`]: `${number}\n`,
    [`/dev/${name}`]: { node: `block ${number}` },
    ...Object.fromEntries(on.map((one) => [`/sys/class/block/${one}/holders/${name}`, { link: `../${name}` }])),
    ...Object.fromEntries(Object.entries(more).map(([path, entry]) => [`/sys/class/block/${name}/${path}`, entry])),
  };
}

/** @param mounts - `8:1 /mnt/a vfat /dev/sda1` */
export function mounted(...mounts: readonly string[]): Tree {
  return { '/proc/self/mountinfo': mountInfo(...mounts) };
}

export function mountInfo(...mounts: readonly string[]): string {
  return mounts
    .map((mount, index) => {
      const [number, at, type, source, options = 'rw'] = mount.split(' ');
      return `${30 + index} 25 ${number} / ${at} rw,relatime shared:1 - ${type} ${source} ${options}\n`;
    })
    .join('');
}

/** A process with files open: what each of them is called, and for a node which one. */
export function running(
  pid: number,
  name: string,
  open: readonly (string | readonly [path: string, node: string])[] = [],
  args: readonly string[] = [name],
): Tree {
  return Object.fromEntries([
    [`/proc/${pid}/comm`, `${name}\n`],
    [`/proc/${pid}/cmdline`, args.map((arg) => `${arg}\0`).join('')],
    ...open.flatMap((one, index) => {
      const [path, node] = typeof one === 'string' ? [one, undefined] : one;
      const target = node === undefined ? [] : [[path, { node }] as const];
      return [[`/proc/${pid}/fd/${index + 3}`, { link: path }] as const, ...target];
    }),
  ]);
}
