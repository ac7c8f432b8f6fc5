import type { HostFiles } from './host-files.js';

/** What the kernel made from the interfaces of one USB device; names as in /sys/class. */
export interface KernelObjects {
  readonly block: readonly string[];
  readonly net: readonly string[];
  readonly tty: readonly string[];
  readonly input: readonly string[];
  readonly hidraw: readonly string[];
  readonly bluetooth: readonly string[];
}

const CLASSES = ['block', 'net', 'tty', 'input', 'hidraw', 'bluetooth'] as const;

/** One entry of a class: its name, and the place of its device in the device tree. */
export interface ClassEntry {
  readonly name: string;
  /** `../../devices/pci0000:00/0000:00:14.0/usb1/1-2/1-2:1.0/host6/…/block/sdb/sdb1` */
  readonly path: string;
  /** The USB device above it: `1-2`; the nearest one if there are several, as behind a hub. */
  readonly port: string | undefined;
}

/** @returns the entries of /sys/class/NAME; none where the kernel has no such class */
export function classEntries(files: HostFiles, name: string): readonly ClassEntry[] {
  const folder = `/sys/class/${name}`;
  return (files.list(folder) ?? []).flatMap((entry) => {
    const path = files.link(`${folder}/${entry}`);
    return path === undefined ? [] : [{ name: entry, path, port: portAbove(path) }];
  });
}

/** All entries of the classes that guards need; each class is listed once. */
export type ClassLists = Readonly<Record<(typeof CLASSES)[number], readonly ClassEntry[]>>;

export function readClasses(files: HostFiles): ClassLists {
  return Object.fromEntries(CLASSES.map((name) => [name, classEntries(files, name)])) as unknown as ClassLists;
}

/** @returns what belongs to the USB device at a port */
export function objectsOf(lists: ClassLists, port: string): KernelObjects {
  const own = CLASSES.map((name) => [name, lists[name].filter((one) => one.port === port).map((one) => one.name)]);
  return Object.fromEntries(own) as unknown as KernelObjects;
}

/**
 * Directly below a root hub, `usb1`, are hubs and the device. Names further down can look like either: I2C has `5-0050`, and a network
 * interface may be called `usb0`.
 */
function portAbove(path: string): string | undefined {
  return /\/usb\d+((?:\/\d+-[\d.]+)+)(?=\/)/.exec(path)?.[1]?.split('/').at(-1);
}
