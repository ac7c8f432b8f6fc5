import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { formatProcess, hasEnded, parseProcess, selfIdentity, throwIfShort } from '../../base/index.js';
import { readOwn } from '../write-durably.js';
import { parseVmRecord, type VmRecord } from './vm-record.js';

/** The name of a VM's record in its folder. */
export const RECORD = 'vm.json';

/**
 * @returns the record in a VM's folder, or undefined if there is no complete one
 * @throws the system's error for a disk fault (`EIO`), or a shortage of descriptors or memory
 */
export function recordIn(folder: string): VmRecord | undefined {
  try {
    return parseVmRecord(readOwn(join(folder, RECORD)));
  } catch (error) {
    throwIfShort(error);
    if ((error as NodeJS.ErrnoException).code === 'EIO') throw error;
    return undefined;
  }
}

/** @returns the temporary name of a VM's folder: with a leading dot, which no VM name has */
export function asideOf(folder: string, what: 'new' | 'gone', pid: number): string {
  return join(dirname(folder), `.${basename(folder)}.${what}-${pid}`);
}

/**
 * Removes a VM's folder if that is allowed: first the name in one step, then the contents.
 *
 * Several processes may find the same dead VM at once, and in the meantime the name may belong to a new, living VM. Therefore each process
 * reads the folder through an open handle, and only the process whose token is in that folder moves it.
 *
 * @param mayGo - decides from the folder's record
 * @returns `cleared`; `none`: there was no such folder · `kept`: not allowed · `busy`: another process is removing it
 * @throws the system's error
 */
export function clearAway(
  folder: string,
  mayGo: (record: VmRecord | undefined) => boolean,
): 'cleared' | 'none' | 'kept' | 'busy' {
  let handle: number;
  try {
    handle = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'none';
    throw error;
  }
  try {
    const inside = `/proc/self/fd/${handle}`;
    if (!mayGo(recordIn(inside))) return 'kept';
    // the process with the token may have moved it away
    const inPlace = (): boolean => statSync(folder, { throwIfNoEntry: false })?.ino === fstatSync(handle).ino;
    if (!takeToken(inside, inPlace) || !inPlace()) return 'busy';
    const gone = asideOf(folder, 'gone', process.pid);
    rmSync(gone, { recursive: true, force: true });
    renameSync(folder, gone);
    rmSync(gone, { recursive: true, force: true });
    return 'cleared';
  } finally {
    closeSync(handle);
  }
}

/** The name of a record while a process removes its folder; contains that process. */
const TOKEN = /^clearing_(.+)$/;

/**
 * The token is the renamed record itself: only one process succeeds, and it works on a full disk. A process takes the token of a dead
 * process over in the same way.
 */
function takeToken(inside: string, inPlace: () => boolean): boolean {
  const mine = `clearing_${formatProcess(selfIdentity())}`;
  try {
    const names = readdirSync(inside);
    const token = names.find((name) => TOKEN.test(name));
    // left by an earlier attempt of this process
    if (token === mine) return true;
    if (token !== undefined && makerLives(token)) return false;
    const from = join(inside, token ?? RECORD);
    if (token === undefined && !names.includes(RECORD)) {
      // a folder of qplug's without a record is being removed; in a foreign folder a link may replace the record
      if (!inPlace()) return false;
      symlinkSync('none', from);
    }
    renameSync(from, join(inside, mine));
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // another process was faster, and may have removed the folder by now
    if (code === 'ENOENT' || code === 'EEXIST') return false;
    throw error;
  }
}

function makerLives(token: string): boolean {
  const maker = parseProcess(TOKEN.exec(token)?.[1] ?? '');
  return maker !== undefined && !hasEnded(maker);
}
