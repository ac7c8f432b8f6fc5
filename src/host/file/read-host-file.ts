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
  statSync,
} from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { NoFileError, type ReadLimits, readInput, readNamedFile, throwIfShort } from '../../base/index.js';
import { fail } from '../../diag/index.js';
import { hostUsbIds, type UsbIds } from '../names/index.js';
import type { SysfsReader } from '../sysfs/index.js';
import type { HostInventory } from '../usb-device.js';
import { decodeHostFile, decodeSysfs } from './decode-host-file.js';
import { FileFindings } from './file-findings.js';

/** The largest file that is read, in bytes. The JSON of a thousand devices takes 4 MB, and an archive of a hundred devices takes less. */
const MOST_BYTES = 32 << 20;

/** No attribute is longer, in bytes: the longest `descriptors` has 18 + 65535. */
const LONGEST_ATTRIBUTE = 66_560;

/** Settings of `readHostFile`. */
export interface HostFileOptions {
  /** The source for `-`; by default the standard input of this process. */
  readonly input?: AsyncIterable<Uint8Array> | undefined;
  /** Stops waiting for a pipe that nobody writes to. */
  readonly signal?: AbortSignal | undefined;
  /** ms for reading a whole pipe; by default a minute. */
  readonly timeout?: number | undefined;
  /** Gives the names that the file does not contain; by default the usb.ids of this host. */
  readonly ids?: UsbIds | undefined;
}

/**
 * Reads a file or folder that describes the USB devices of a host, instead of this host.
 *
 * @param path - `-` for standard input
 * @throws QplugError `host-file-missing`, `host-file-unreadable`, `host-file-too-big`, `input-unfinished`, and all that `decodeHostFile`
 *   throws · the reason of `signal`
 */
export async function readHostFile(path: string, options: HostFileOptions = {}): Promise<HostInventory> {
  const ids = options.ids ?? hostUsbIds();
  const { signal, timeout } = options;
  const limits = { limit: MOST_BYTES, signal, timeout };
  const inventory =
    path === '-'
      ? decodeHostFile(
          bounded(await readInput(options.input ?? process.stdin, path, limits), path),
          'standard input',
          ids,
        )
      : await readPath(path, ids, limits);
  return { ...inventory, file: path };
}

async function readPath(path: string, ids: UsbIds, limits: ReadLimits): Promise<HostInventory> {
  try {
    if (statSync(path).isDirectory()) return readFolder(path, ids);
    const { bytes } = await readNamedFile(path, limits);
    return decodeHostFile(bounded(bytes, path), path, ids);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw fail('host-file-missing', { file: path }, { cause: error });
    if (error instanceof NoFileError || (error instanceof Error && 'syscall' in error)) {
      throw fail('host-file-unreadable', { file: path, reason: error.message }, { cause: error });
    }
    throw error;
  }
}

function bounded(bytes: Uint8Array, file: string): Uint8Array {
  if (bytes.length > MOST_BYTES) throw fail('host-file-too-big', { file, limit: MOST_BYTES, unpacked: false });
  return bytes;
}

function readFolder(path: string, ids: UsbIds): HostInventory {
  const findings = new FileFindings(path);
  const root = sysRootOf(path);
  if (root === undefined) throw fail('host-file-unknown', { file: path, guess: 'no-devices-folder' });
  return decodeSysfs(folderSysfs(root), findings, ids);
}

/** @returns the folder that was /sys: the given one, `sys` in it, or the one above to which `bus/usb/devices` belongs */
function sysRootOf(path: string): string | undefined {
  const full = resolve(path);
  const up = basename(full) === 'devices' ? dirname(full) : full;
  const above = basename(up) === 'usb' && basename(dirname(up)) === 'bus' ? [dirname(dirname(up))] : [];
  return [full, join(full, 'sys'), ...above].find((one) =>
    attempt(() => lstatSync(join(one, 'bus/usb/devices')).isDirectory()),
  );
}

/** Reads a copy of sysfs. It does not follow links that lead out of the copy, and it reads only plain files. */
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

/** @returns the beginning of a plain file; undefined for anything else, since reading that might never end or never begin */
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

/** @returns undefined if the file is missing or may not be read */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    throwIfShort(error);
    return undefined;
  }
}
