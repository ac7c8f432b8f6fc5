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

/** What was done to one entry of a VM file's `usb.devices`. */
export interface FileEntry {
  /** `already`: it was there before, and nothing was done. */
  readonly outcome: 'added' | 'already' | 'removed';
  /** Its selector; undefined for an emulated device. */
  readonly select: string | undefined;
  /** The model of an emulated device. */
  readonly emulated: string | undefined;
  /** Where it stands, from 1; of one that was removed: where it stood. */
  readonly line: number;
}

/** What was done to a VM file. */
export interface FileReport {
  /** As the VM was named, or as its record has it. */
  readonly path: string;
  readonly entries: readonly FileEntry[];
}

/** An entry of `usb.devices` with its place in the list. */
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

/** @returns the entries that mean a host device that is plugged in */
export function entriesForDevice(device: HostDevice, file: VmFile, inventory: HostInventory): Entry[] {
  return entriesIn(file).filter(({ wish }) => wish.kind === 'host' && isMeantBy(wish.select, device, inventory));
}

/** @returns the entries that surely mean what a selector means, whatever is plugged in */
export function entriesForSelector(selector: Selector, file: VmFile): Entry[] {
  return entriesIn(file).filter(({ wish }) => wish.kind === 'host' && covers(wish.select, selector));
}

/** @returns whether every device that `selector` means is one that `rule` means too, by their words alone */
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

/** A VM's file that is to be edited: its text, and what that says. */
export interface EditedFile {
  readonly text: string;
  /** For messages. */
  readonly path: string;
  readonly file: VmFile;
}

/** What is to be done to a VM's file, before anything is done. */
export interface FileEdit {
  /** Undefined where the file is as it has to be. */
  readonly splices: EditedVmFile['splices'] | undefined;
  readonly entries: readonly FileEntry[];
  readonly findings: readonly Finding[];
}
