import { NoFileError, readNamedFile } from '../base/index.js';
import { fail } from '../diag/index.js';
import type { EditedVmFile, editDevices } from './edit/edit.js';
import type { VmFileChecks } from './parse.js';
import type { VmFile } from './vm-file.js';

/** The largest VM file, in bytes: four times a thousand complete devices. */
export const MAX_BYTES: number = 256 * 1024;

/**
 * Reads a VM file and checks it.
 *
 * @param path - a YAML 1.2 or JSON file
 * @param checks - checks of other layers; give both for a start
 * @param signal - stops the reading of a pipe
 * @throws QplugError `vm-file-missing`, `vm-file-unreadable`, `vm-file-too-big`, `vm-file-not-text`, or all findings about
 *   the content, in the order of the file
 */
export async function loadVmFile(path: string, checks: VmFileChecks = {}, signal?: AbortSignal): Promise<VmFile> {
  return parseVmFile(decodeVmFile(await readVmFileBytes(path, signal), path), path, checks);
}

/**
 * Checks the text of a VM file. Loads the YAML parser on the first call, because most commands need none.
 *
 * @param path - the base of relative names, and the file's name for findings
 * @throws QplugError with all findings
 */
export async function parseVmFile(text: string, path: string, checks: VmFileChecks = {}): Promise<VmFile> {
  const { parseVmFileText } = await import('./parse.js');
  return parseVmFileText(text, path, checks);
}

/** As `editDevices`. Loads the YAML parser on the first call. */
export async function editVmFile(...what: Parameters<typeof editDevices>): Promise<EditedVmFile> {
  const edit = await import('./edit/edit.js');
  return edit.editDevices(...what);
}

/** @throws QplugError `vm-file-missing`, `vm-file-unreadable`, `vm-file-too-big`, `input-unfinished` · the reason of `signal` */
export async function readVmFileBytes(path: string, signal?: AbortSignal): Promise<Uint8Array> {
  let read: Awaited<ReturnType<typeof readNamedFile>>;
  try {
    read = await readNamedFile(path, { limit: MAX_BYTES, signal });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') throw fail('vm-file-missing', { path }, { cause: error });
    if (error instanceof NoFileError || (error instanceof Error && 'syscall' in error)) {
      throw fail('vm-file-unreadable', { path, reason: error.message }, { cause: error });
    }
    throw error;
  }
  const { bytes, size } = read;
  if (bytes.length > MAX_BYTES) throw fail('vm-file-too-big', { path, bytes: size, limit: MAX_BYTES });
  return bytes;
}

/** @returns the text without its byte-order mark. @throws QplugError `vm-file-not-text` */
export function decodeVmFile(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw fail('vm-file-not-text', { path }, { cause: error });
  }
}
