import type { VmTarget } from '../../access/index.js';
import { kindOfFile } from '../../base/index.js';
import { decodeVmFile, loadVmFile, parseVmFile, readVmFileBytes, type VmFile } from '../../config/index.js';
import { selectorFault } from '../../host/index.js';
import { checkGuest } from '../../launcher/index.js';

/**
 * Reads a VM file that is to run, with every check there is.
 *
 * @param signal - gives up a pipe
 * @throws QplugError with all that is wrong in it · the reason of `signal`
 */
export function readVmFile(path: string, signal: AbortSignal | undefined): Promise<VmFile> {
  return loadVmFile(path, { checkSelector: selectorFault, checkGuest }, signal);
}

/** The same for a text that was read already. @param path - the file that it came from */
export function readVmFileText(text: string, path: string): Promise<VmFile> {
  return parseVmFile(text, path, { checkSelector: selectorFault, checkGuest });
}

/** A VM file that was read: its text, and what that says. */
export interface ReadVmFile {
  readonly text: string;
  readonly file: VmFile;
}

/**
 * Reads a VM file, for who needs its text as well.
 *
 * @param options - `isToRun`: with every check there is; else what is wrong for its guest does not matter
 * @throws QplugError with all that is wrong in it
 */
export async function readVmFileAndText(path: string, { isToRun }: { readonly isToRun: boolean }): Promise<ReadVmFile> {
  const text = decodeVmFile(await readVmFileBytes(path), path);
  const checks = { checkSelector: selectorFault, ...(isToRun ? { checkGuest } : {}) };
  return { text, file: await parseVmFile(text, path, checks) };
}

/**
 * @returns the VM's file as it is now, or undefined when it was not launched from one, or it is gone
 * @throws QplugError with all that is wrong in it
 */
export async function fileOf({ record }: VmTarget): Promise<VmFile | undefined> {
  if (record === undefined || kindOfFile(record.file) !== 'file') return undefined;
  return loadVmFile(record.file, { checkSelector: selectorFault });
}
