import type { DeviceWish, EditedVmFile, VmFile } from '../../config/index.js';
import type { Finding } from '../../diag/index.js';
import {
  type HostDevice,
  type HostInventory,
  isMeantBy,
  isSelector,
  parseSelector,
  type Selector,
} from '../../host/index.js';

/** The change of one entry of a VM file's `usb.devices`. */
export interface FileEntry {
  /** `already`: it existed before; qplug did nothing. */
  readonly outcome: 'added' | 'already' | 'removed';
  /** Its selector; undefined for an emulated device. */
  readonly select: string | undefined;
  /** The model of an emulated device. */
  readonly emulated: string | undefined;
  /** Its line, from 1; for a removed entry its former line. */
  readonly line: number;
}

/** The changes of a VM file. */
export interface FileReport {
  /** The user's path, or the path in the VM's record. */
  readonly path: string;
  readonly entries: readonly FileEntry[];
}

/** An entry of `usb.devices` with its index. */
export interface Entry<W extends DeviceWish = DeviceWish> {
  readonly index: number;
  readonly wish: W;
}

export function entriesIn(file: VmFile): Entry[] {
  return file.usb.devices.map((wish, index) => ({ wish, index }));
}

export function reportEntry(outcome: FileEntry['outcome'], { wish }: Entry, file: VmFile): FileEntry {
  const { line } = file.locate(wish.pointer);
  return wish.kind === 'host'
    ? { outcome, select: wish.select, emulated: undefined, line }
    : { outcome, select: undefined, emulated: wish.model, line };
}

/** @returns the entries that match a plugged-in host device */
export function entriesForDevice(device: HostDevice, file: VmFile, inventory: HostInventory): Entry[] {
  return entriesIn(file).filter(({ wish }) => wish.kind === 'host' && isMeantBy(wish.select, device, inventory));
}

/** @returns the entries that match every device that a selector matches, whatever is plugged in */
export function entriesForSelector(selector: Selector, file: VmFile): Entry[] {
  return entriesIn(file).filter(({ wish }) => wish.kind === 'host' && covers(wish.select, selector));
}

/** @returns whether `rule` matches every device that `selector` matches, judged by their text alone */
export function covers(rule: string, selector: Selector): boolean {
  const wide = parseSelector(rule);
  if (!isSelector(wide)) return false;
  if (wide.by === 'id' && selector.by === 'id') {
    const isKind = wide.vendorId === selector.vendorId && wide.productId === selector.productId;
    return isKind && (wide.serial === undefined || wide.serial === selector.serial);
  }
  if (wide.by === 'serial' && selector.by === 'id') return wide.serial === selector.serial;
  if (wide.by === 'words' && selector.by === 'words') return wide.words.every((word) => selector.words.includes(word));
  return meaning(wide) === meaning(selector);
}

const meaning = ({ text: _, ...rest }: Selector): string => JSON.stringify(rest);

/** A VM file to edit: its text, and its meaning. */
export interface EditedFile {
  readonly text: string;
  /** For messages. */
  readonly path: string;
  readonly file: VmFile;
}

/** The plan of a change to a VM file. */
export interface FileEdit {
  /** Undefined if the file needs no change. */
  readonly splices: EditedVmFile['splices'] | undefined;
  readonly entries: readonly FileEntry[];
  readonly findings: readonly Finding[];
}
