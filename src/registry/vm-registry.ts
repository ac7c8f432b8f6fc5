import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { hasEnded, identifyProcess, makeOwnFolder, processesReading, throwIfShort } from '../base/index.js';
import { fail, type QplugError } from '../diag/index.js';
import { asideOf, clearAway, RECORD, recordIn } from './clear-away.js';
import { fileNameOf, isVmName } from './vm-name.js';
import type { VmRecord } from './vm-record.js';
import { guarded, writeDurably } from './write-durably.js';

/** How often, and ms between, a folder is tried that another process clears away. */
const TRIES = 500;
const TRY_EVERY = 4;

/**
 * The VMs that qplug launched on this host: a folder each under `<runtime>/vm`, holding its record, sockets and log.
 *
 * A name is taken by renaming a complete folder into place: rename(2) of a folder onto one that is not empty fails, so of
 * two launchers one wins, and whoever looks sees a whole record or none. The folders are 0700.
 */
export class VmRegistry {
  /** Where the VMs' folders are. */
  readonly folder: string;
  readonly #runtime: string;

  /** @param runtime - the runtime folder: /run/qplug, or $XDG_RUNTIME_DIR/qplug */
  constructor(runtime: string) {
    this.#runtime = runtime;
    this.folder = join(runtime, 'vm');
  }

  /**
   * @returns the folder of one VM, whether it exists or not
   * @throws QplugError `vm-name-wrong`: a name that could lead out of the folder of all VMs
   */
  folderOf(name: string): string {
    return join(this.folder, fileNameOf(name));
  }

  /**
   * Takes the name and keeps the record.
   *
   * @throws QplugError `vm-exists` when a living VM has the name; `state-write-failed` when it can't be written: nothing is left
   */
  claim(record: VmRecord): void {
    const folder = this.folderOf(record.name);
    const fresh = asideOf(folder, 'new', record.launcher.pid);
    guarded(folder, () => {
      makeOwnFolder(this.#runtime);
      makeOwnFolder(this.folder);
      rmSync(fresh, { recursive: true, force: true });
      mkdirSync(fresh, { mode: 0o700 });
      try {
        writeDurably(join(fresh, RECORD), record);
        this.#take(fresh, folder, record.name);
      } catch (error) {
        rmSync(fresh, { recursive: true, force: true });
        throw error;
      }
    });
  }

  #take(fresh: string, folder: string, name: string): void {
    for (let tries = 0; ; tries++) {
      try {
        renameSync(fresh, folder);
        return;
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if ((code !== 'ENOTEMPTY' && code !== 'EEXIST') || tries === TRIES) throw error;
      }
      let holder: VmRecord | undefined;
      const outcome = clearAway(folder, (record) => {
        holder = record;
        return record === undefined || !lives(record);
      });
      if (outcome === 'kept' && holder !== undefined) throw alreadyRuns(name, holder);
      if (outcome === 'busy') sleep(TRY_EVERY);
    }
  }

  /** Replaces the record of a VM in one step. @throws QplugError `state-write-failed` */
  update(record: VmRecord): void {
    const folder = this.folderOf(record.name);
    guarded(folder, () => writeDurably(join(folder, RECORD), record));
  }

  /** @returns the record, or undefined when no such VM is known */
  read(name: string): VmRecord | undefined {
    return isVmName(name) ? recordIn(this.folderOf(name)) : undefined;
  }

  /** Forgets a VM that was claimed; not one that has its name by now. */
  remove({ name, launcher }: Pick<VmRecord, 'name' | 'launcher'>): void {
    this.#clear(
      name,
      (record) => record?.launcher.pid === launcher.pid && record.launcher.startTime === launcher.startTime,
    );
  }

  /** Forgets a VM unless it lives after all. */
  removeIfDead(name: string): void {
    this.#clear(name, (record) => record === undefined || !lives(record));
  }

  #clear(name: string, mayGo: (record: VmRecord | undefined) => boolean): void {
    try {
      clearAway(this.folderOf(name), mayGo);
    } catch {
      // it can't be cleared away now (a disk that is full, or no right to it): whoever takes the name tries again
    }
  }

  /** @returns every VM that has a record, in order of name; `alive` tells whether its QEMU, or its launcher, lives */
  list(): { readonly record: VmRecord; readonly alive: boolean }[] {
    return this.#names().flatMap((name) => {
      const record = this.read(name);
      return record === undefined || record.name !== name ? [] : [{ record, alive: lives(record) }];
    });
  }

  /** Removes what processes left that were killed while they claimed a name or cleared one away. */
  sweep(): void {
    for (const name of this.#names()) {
      const pid = /\.(?:new|gone)-(\d+)$/.exec(name)?.[1];
      if (pid === undefined || identifyProcess(Number(pid)) !== undefined || this.read(name)?.name === name) continue;
      rmSync(join(this.folder, name), { recursive: true, force: true });
    }
  }

  #names(): string[] {
    try {
      return readdirSync(this.folder).sort();
    } catch (error) {
      throwIfShort(error);
      return [];
    }
  }
}

/** @returns whether the VM of a record still runs or is being launched, also where who launched it died before it wrote down the QEMU */
export function lives({ qemu, launcher, startMark }: VmRecord): boolean {
  if (!hasEnded(qemu ?? launcher)) return true;
  return qemu === undefined && startMark !== undefined && processesReading(startMark).length > 0;
}

function alreadyRuns(name: string, record: VmRecord): QplugError {
  return fail('vm-exists', { name, pid: (record.qemu ?? record.launcher).pid });
}

/** The registry answers at once; only here it waits, a few ms, for another process's two system calls. */
function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
