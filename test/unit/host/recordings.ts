import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  type HostInventory,
  parseRecording,
  type RecordedEntry,
  type Recording,
  readInventory,
  recordedSysfs,
  type UsbIds,
} from '../../../src/host/index.js';

const FOLDER = new URL('../../fixtures/sysfs/', import.meta.url);

/** A recorded host. `six-devices`: one device per port. `hub-twins-gadgets`: a hub, twins, hostile strings, low speed. */
export function recording(name: 'six-devices' | 'hub-twins-gadgets'): Recording {
  return parseRecording(readFileSync(new URL(`${name}.json`, FOLDER), 'utf8'), `${name}.json`);
}

/** Knows nobody, so that tests do not depend on the usb.ids of the machine. */
export const NO_IDS: UsbIds = { vendor: () => undefined, product: () => undefined };

export function inventoryOf(source: Recording): HostInventory {
  return readInventory(recordedSysfs(source), { ids: NO_IDS });
}

/** The same recording with some entries replaced, or taken away where undefined. Paths are below bus/usb/devices. */
export function changed(source: Recording, changes: Record<string, RecordedEntry | undefined>): Recording {
  const sys = { ...source.sys } as Record<string, RecordedEntry>;
  for (const [path, entry] of Object.entries(changes)) {
    if (entry === undefined) delete sys[`bus/usb/devices/${path}`];
    else sys[`bus/usb/devices/${path}`] = entry;
  }
  return { ...source, sys };
}

/** A recording without every path below bus/usb/devices that begins so. */
export function without(source: Recording, prefix: string): Recording {
  const kept = Object.entries(source.sys).filter(([path]) => !path.startsWith(`bus/usb/devices/${prefix}`));
  return { ...source, sys: Object.fromEntries(kept) };
}

/** The recorded `descriptors` file of one device. */
export function recordedDescriptors(source: Recording, device: string): Uint8Array {
  return recordedSysfs(source).bytes(`bus/usb/devices/${device}/descriptors`) as Uint8Array;
}

/** Lays a recording out as real folders, files, links and nodes (plain files) below `root`. */
export function plant(source: Recording, root: string): { sys: string; dev: string } {
  const sys = join(root, 'sys');
  const dev = join(root, 'dev');
  // What stands below a `port` link stands in the folder of the hub as well.
  const paths = Object.keys(source.sys)
    .filter((path) => !path.includes('/port/'))
    .sort();
  for (const path of paths) {
    const entry = source.sys[path] as RecordedEntry;
    const file = join(sys, path);
    mkdirSync(dirname(file), { recursive: true });
    if ('link' in entry) {
      symlinkSync(entry.link, file);
      if (/^bus\/usb\/devices\/[^/]+$/.test(path)) mkdirSync(join(dirname(file), entry.link), { recursive: true });
    } else {
      writeFileSync(file, 'text' in entry ? entry.text : Buffer.from(entry.base64, 'base64'));
    }
  }
  for (const node of Object.keys(source.nodes)) {
    mkdirSync(dirname(join(dev, node)), { recursive: true });
    writeFileSync(join(dev, node), '');
  }
  return { sys, dev };
}
