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
import { formatProcess, hasEnded, parseProcess, selfIdentity, throwIfShort } from '../base/index.js';
import { parseVmRecord, type VmRecord } from './vm-record.js';
import { readOwn } from './write-durably.js';

/** The name of a VM's record in its folder. */
export const RECORD = 'vm.json';

/** @returns the record in a VM's folder, or undefined when there is none, or none that is whole. @throws the system's error when it is there, and can't be read now */
export function recordIn(folder: string): VmRecord | undefined {
  try {
    return parseVmRecord(readOwn(join(folder, RECORD)));
  } catch (error) {
    throwIfShort(error);
    if ((error as NodeJS.ErrnoException).code === 'EIO') throw error;
    return undefined;
  }
}

/** @returns what a VM's folder is called before or after it is one: with a dot in front, which no name of a VM has */
export function asideOf(folder: string, what: 'new' | 'gone', pid: number): string {
  return join(dirname(folder), `.${basename(folder)}.${what}-${pid}`);
}

/**
 * Clears a VM's folder away, if it may go: it vanishes in one step, then its contents.
 *
 * Several processes may see the same dead VM at once, and while one of them still looks, the name may have a new and
 * living holder. So a folder is looked at through an open handle, and moved only by the one process that has put its
 * token into that very folder.
 *
 * @param mayGo - told what the folder says of itself
 * @returns `cleared`; `none`: there was no such folder · `kept`: it may not go · `busy`: another process is at it
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
    // whoever has or had the token may have moved it away
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

/** What a record is called once somebody clears its folder away: says who. */
const TOKEN = /^clearing_(.+)$/;

/**
 * The token is the record itself, renamed: of several processes one succeeds, and it works on a full disk. One whose maker died is
 * taken over in the same way.
 */
function takeToken(inside: string, inPlace: () => boolean): boolean {
  const mine = `clearing_${formatProcess(selfIdentity())}`;
  try {
    const names = readdirSync(inside);
    const token = names.find((name) => TOKEN.test(name));
    // left by an attempt of this very process
    if (token === mine) return true;
    if (token !== undefined && makerLives(token)) return false;
    const from = join(inside, token ?? RECORD);
    if (token === undefined && !names.includes(RECORD)) {
      // no folder of ours is without a record, unless it is being removed; in somebody else's a link stands for it
      if (!inPlace()) return false;
      symlinkSync('none', from);
    }
    renameSync(from, join(inside, mine));
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // another was faster, and may have removed the folder by now
    if (code === 'ENOENT' || code === 'EEXIST') return false;
    throw error;
  }
}

function makerLives(token: string): boolean {
  const maker = parseProcess(TOKEN.exec(token)?.[1] ?? '');
  return maker !== undefined && !hasEnded(maker);
}
