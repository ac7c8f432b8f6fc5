import type { VmTarget } from '../../access/index.js';
import { kindOfFile } from '../../base/index.js';
import { loadVmFile, parseVmFile, type VmFile } from '../../config/index.js';
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

/**
 * @returns the VM's file as it is now, or undefined when it was not launched from one, or it is gone
 * @throws QplugError with all that is wrong in it
 */
export async function fileOf({ record }: VmTarget): Promise<VmFile | undefined> {
  if (record === undefined || kindOfFile(record.file) !== 'file') return undefined;
  return loadVmFile(record.file, { checkSelector: selectorFault });
}
