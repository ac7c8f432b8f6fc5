import { type FileHandle, open } from 'node:fs/promises';
import { fail } from '../diag/index.js';
import type { EditedVmFile, editDevices } from './edit.js';
import type { VmFileChecks } from './parse.js';
import type { VmFile } from './vm-file.js';

/** The largest VM file, in bytes. A thousand devices with everything said fit four times. */
const MAX_BYTES = 256 * 1024;

/**
 * Reads a VM file and checks it.
 *
 * @param path - a YAML 1.2 or JSON file
 * @param checks - what other layers know; give both when the VM shall run
 * @throws QplugError `vm-file-missing`, `vm-file-unreadable`, `vm-file-too-big`, `vm-file-not-text`, or all findings about
 *   the content, in the order of the file
 */
export async function loadVmFile(path: string, checks: VmFileChecks = {}): Promise<VmFile> {
  return parseVmFile(decodeVmFile(await readVmFileBytes(path), path), path, checks);
}

/**
 * Checks the text of a VM file. The YAML parser is loaded on the first call, since most commands need none.
 *
 * @param path - where relative names are taken from, and the file that findings name
 * @throws QplugError with all findings
 */
export async function parseVmFile(text: string, path: string, checks: VmFileChecks = {}): Promise<VmFile> {
  const { parseVmFileText } = await import('./parse.js');
  return parseVmFileText(text, path, checks);
}

/** As `editDevices`. The YAML parser is loaded on the first call. */
export async function editVmFile(...what: Parameters<typeof editDevices>): Promise<EditedVmFile> {
  const edit = await import('./edit.js');
  return edit.editDevices(...what);
}

/** @throws QplugError `vm-file-missing`, `vm-file-unreadable`, `vm-file-too-big` */
export async function readVmFileBytes(path: string): Promise<Uint8Array> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    const info = await file.stat();
    if (info.isDirectory()) throw fail('vm-file-unreadable', { path, reason: 'it is a folder' });
    // A pipe or device may have no end: only so much is read, whatever its size is said to be.
    const buffer = Buffer.alloc(MAX_BYTES + 1);
    let length = 0;
    while (length < buffer.length) {
      const { bytesRead } = await file.read(buffer, length, buffer.length - length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    if (length > MAX_BYTES) {
      throw fail('vm-file-too-big', { path, bytes: Math.max(info.size, length), limit: MAX_BYTES });
    }
    return buffer.subarray(0, length);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') throw fail('vm-file-missing', { path }, { cause: error });
    if (error instanceof Error && 'syscall' in error) {
      throw fail('vm-file-unreadable', { path, reason: error.message }, { cause: error });
    }
    throw error;
  } finally {
    await file?.close();
  }
}

/** @returns the text without its byte-order mark. @throws QplugError `vm-file-not-text` */
export function decodeVmFile(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw fail('vm-file-not-text', { path }, { cause: error });
  }
}
