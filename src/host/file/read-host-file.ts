import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  realpathSync,
} from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { throwIfShort } from '../../base/index.js';
import { fail } from '../../diag/index.js';
import type { SysfsReader } from '../sysfs-reader.js';
import type { HostInventory } from '../usb-device.js';
import { hostUsbIds, type UsbIds } from '../usb-ids.js';
import { decodeHostFile, decodeSysfs } from './decode-host-file.js';
import { FileFindings } from './file-findings.js';

/** The largest file that is read, in bytes. A thousand devices as JSON come to 4 MB, an archive of a hundred to less. */
const MOST_BYTES = 32 << 20;

/** No attribute is longer, in bytes: `descriptors` ends at 18 + 65535. */
const LONGEST_ATTRIBUTE = 66_560;

/** Settings of `readHostFile`. */
export interface HostFileOptions {
  /** What `-` stands for; default the standard input of this process. */
  readonly input?: AsyncIterable<Uint8Array> | undefined;
  /** Where names come from that the file does not tell; default the usb.ids of this host. */
  readonly ids?: UsbIds | undefined;
}

/**
 * Reads a file or folder that describes the USB devices of a host, instead of this host.
 *
 * @param path - `-` for standard input
 * @throws QplugError `host-file-missing`, `host-file-unreadable`, and all that `decodeHostFile` throws
 */
export async function readHostFile(path: string, options: HostFileOptions = {}): Promise<HostInventory> {
  const ids = options.ids ?? hostUsbIds();
  const inventory =
    path === '-'
      ? decodeHostFile(await readAll(options.input ?? process.stdin, path), 'standard input', ids)
      : await readPath(path, ids);
  return { ...inventory, file: path };
}

async function readPath(path: string, ids: UsbIds): Promise<HostInventory> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    if ((await file.stat()).isDirectory()) return readFolder(path, ids);
    return decodeHostFile(await readAll(file.createReadStream({ autoClose: false }), path), path, ids);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw fail('host-file-missing', { file: path }, { cause: error });
    if (error instanceof Error && 'syscall' in error) {
      throw fail('host-file-unreadable', { file: path, reason: error.message }, { cause: error });
    }
    throw error;
  } finally {
    await file?.close();
  }
}

/** A pipe or device may have no end: only so much is read, whatever its size is said to be. */
async function readAll(input: AsyncIterable<Uint8Array>, file: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of input) {
    length += chunk.length;
    if (length > MOST_BYTES) throw fail('host-file-too-big', { file, limit: MOST_BYTES, unpacked: false });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function readFolder(path: string, ids: UsbIds): HostInventory {
  const findings = new FileFindings(path);
  const root = sysRootOf(path);
  if (root === undefined) throw fail('host-file-unknown', { file: path, guess: 'no-devices-folder' });
  return decodeSysfs(folderSysfs(root), findings, ids);
}

/** @returns the folder that was /sys: the one that is given, `sys` in it, or the one above that `bus/usb/devices` belongs to */
function sysRootOf(path: string): string | undefined {
  const full = resolve(path);
  const up = basename(full) === 'devices' ? dirname(full) : full;
  const above = basename(up) === 'usb' && basename(dirname(up)) === 'bus' ? [dirname(dirname(up))] : [];
  return [full, join(full, 'sys'), ...above].find((one) =>
    attempt(() => lstatSync(join(one, 'bus/usb/devices')).isDirectory()),
  );
}

/** Reads a copy of sysfs. Links that lead out of it are not followed, and nothing but plain files is read. */
function folderSysfs(root: string): SysfsReader {
  const real = realpathSync(root);
  const inside = (path: string): string | undefined => {
    const at = attempt(() => realpathSync(join(real, path)));
    return at !== undefined && (at === real || at.startsWith(real === sep ? sep : real + sep)) ? at : undefined;
  };
  const bytes = (path: string): Buffer | undefined => {
    const at = inside(path);
    return at === undefined ? undefined : attempt(() => readSome(at));
  };
  return {
    sysRoot: root,
    devRoot: '/dev',
    list: (path) => {
      const at = inside(path);
      return at === undefined ? undefined : attempt(() => readdirSync(at));
    },
    bytes,
    text: (path) => bytes(path)?.toString('utf8'),
    link: (path) => {
      const folder = inside(dirname(path));
      return folder === undefined ? undefined : attempt(() => readlinkSync(join(folder, basename(path))));
    },
    access: () => 'unknown',
  };
}

/** @returns the beginning of a plain file; undefined for anything else, which might not end, or not begin */
function readSome(path: string): Buffer | undefined {
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    if (!fstatSync(file).isFile()) return undefined;
    const buffer = Buffer.alloc(LONGEST_ATTRIBUTE);
    let length = 0;
    while (length < buffer.length) {
      const count = readSync(file, buffer, length, buffer.length - length, null);
      if (count === 0) break;
      length += count;
    }
    return buffer.subarray(0, length);
  } finally {
    closeSync(file);
  }
}

/** @returns undefined for what is not there, or may not be read */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    throwIfShort(error);
    return undefined;
  }
}
