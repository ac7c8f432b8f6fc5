import type { VmTarget } from '../../access/index.js';
import { kindOfFile } from '../../base/index.js';
import { decodeVmFile, loadVmFile, parseVmFile, readVmFileBytes, type VmFile } from '../../config/index.js';
import { selectorFault } from '../../host/index.js';
import { checkGuest } from '../../launcher/index.js';

/**
 * Reads a VM file for a start, with all checks.
 *
 * @param signal - stops the reading of a pipe
 * @throws QplugError with all errors of the file · the reason of `signal`
 */
export function readVmFile(path: string, signal: AbortSignal | undefined): Promise<VmFile> {
  return loadVmFile(path, { checkSelector: selectorFault, checkGuest }, signal);
}

/** As `readVmFile`, for text that is read already. @param path - its file */
export function readVmFileText(text: string, path: string): Promise<VmFile> {
  return parseVmFile(text, path, { checkSelector: selectorFault, checkGuest });
}

/** A VM file: its text, and its meaning. */
export interface ReadVmFile {
  readonly text: string;
  readonly file: VmFile;
}

/**
 * Reads a VM file together with its text.
 *
 * @param options - `isToRun`: with all checks; otherwise without those about the guest
 * @throws QplugError with all errors of the file
 */
export async function readVmFileAndText(path: string, { isToRun }: { readonly isToRun: boolean }): Promise<ReadVmFile> {
  const text = decodeVmFile(await readVmFileBytes(path), path);
  const checks = { checkSelector: selectorFault, ...(isToRun ? { checkGuest } : {}) };
  return { text, file: await parseVmFile(text, path, checks) };
}

/**
 * @returns the VM's file as it is now, or undefined if the VM was not started from one, or the file is gone
 * @throws QplugError with all errors of the file
 */
export async function fileOf({ record }: VmTarget): Promise<VmFile | undefined> {
  if (record === undefined || kindOfFile(record.file) !== 'file') return undefined;
  return loadVmFile(record.file, { checkSelector: selectorFault });
}

/** @returns the name of the VM in a VM file. @throws QplugError with all errors of the file */
export async function nameInFile(path: string): Promise<string> {
  return (await loadVmFile(path, { checkSelector: selectorFault })).name;
}
