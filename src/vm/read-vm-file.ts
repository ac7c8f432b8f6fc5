import { loadVmFile, parseVmFile, type VmFile } from '../config/index.js';
import { checkGuest } from '../launcher/index.js';
import { checkSelector } from './check-selector.js';

/**
 * Reads a VM file that is to run, with every check there is.
 *
 * @param signal - gives up a pipe
 * @throws QplugError with all that is wrong in it · the reason of `signal`
 */
export function readVmFile(path: string, signal: AbortSignal | undefined): Promise<VmFile> {
  return loadVmFile(path, { checkSelector, checkGuest }, signal);
}

/** The same for a text that was read already. @param path - the file that it came from */
export function readVmFileText(text: string, path: string): Promise<VmFile> {
  return parseVmFile(text, path, { checkSelector, checkGuest });
}
