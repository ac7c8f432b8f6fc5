import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { hasEnded, identifyProcess, makeOwnFolder, processesReading, throwIfShort } from '../../base/index.js';
import { fail, type QplugError } from '../../diag/index.js';
import { fileNameOf, isVmName } from '../vm-name.js';
import { guarded, writeDurably } from '../write-durably.js';
import { asideOf, clearAway, RECORD, recordIn } from './clear-away.js';
import type { VmRecord } from './vm-record.js';

/** Number of attempts, and ms between them, for a folder that another process is removing. */
const TRIES = 500;
const TRY_INTERVAL = 4;

/**
 * The VMs that qplug started on this host: a folder each under `<runtime>/vm`, with its record, sockets and log.
 *
 * qplug claims a name by renaming a complete folder: rename(2) of a folder onto a nonempty one fails, so only one of two starts wins, and a
 * reader sees a complete record or none. The folders are 0700.
 */
export class VmRegistry {
  /** The folder of the VMs' folders. */
  readonly folder: string;
  readonly #runtime: string;

  /** @param runtime - the runtime folder: /run/qplug, or $XDG_RUNTIME_DIR/qplug */
  constructor(runtime: string) {
    this.#runtime = runtime;
    this.folder = join(runtime, 'vm');
  }

  /**
   * @returns the folder of one VM, whether it exists or not
   * @throws QplugError `vm-name-wrong`: the name could lead out of the folder of all VMs
   */
  folderOf(name: string): string {
    return join(this.folder, fileNameOf(name));
  }

  /**
   * Claims the name and writes the record.
   *
   * @throws QplugError `vm-exists` if a living VM has the name; `state-write-failed` if the record can't be written: nothing is left behind
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
      if (outcome === 'busy') sleep(TRY_INTERVAL);
    }
  }

  /** Replaces the record of a VM in one step. @throws QplugError `state-write-failed` */
  update(record: VmRecord): void {
    const folder = this.folderOf(record.name);
    guarded(folder, () => writeDurably(join(folder, RECORD), record));
  }

  /** @returns the record, or undefined if there is no such VM */
  read(name: string): VmRecord | undefined {
    return isVmName(name) ? recordIn(this.folderOf(name)) : undefined;
  }

  /** Deletes the record of a claimed VM; not the record of a later VM of that name. */
  remove({ name, launcher }: Pick<VmRecord, 'name' | 'launcher'>): void {
    this.#clear(
      name,
      (record) => record?.launcher.pid === launcher.pid && record.launcher.startTime === launcher.startTime,
    );
  }

  /** Deletes the record of a VM unless it is alive. */
  removeIfDead(name: string): void {
    this.#clear(name, (record) => record === undefined || !lives(record));
  }

  #clear(name: string, mayGo: (record: VmRecord | undefined) => boolean): void {
    try {
      clearAway(this.folderOf(name), mayGo);
    } catch {
      // it can't be removed now (a full disk, or no permission): the next claim of the name tries again
    }
  }

  /** @returns every VM that has a record, in order of name; `alive`: whether its QEMU, or its launcher, is alive */
  list(): { readonly record: VmRecord; readonly alive: boolean }[] {
    return this.#names().flatMap((name) => {
      const record = this.read(name);
      return record === undefined || record.name !== name ? [] : [{ record, alive: lives(record) }];
    });
  }

  /** Removes leftovers of processes that were killed while they claimed or removed a name. */
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

/** @returns whether the VM of a record runs or is starting, even if its launcher died before it recorded QEMU */
export function lives({ qemu, launcher, startMark }: VmRecord): boolean {
  if (!hasEnded(qemu ?? launcher)) return true;
  return qemu === undefined && startMark !== undefined && processesReading(startMark).length > 0;
}

function alreadyRuns(name: string, record: VmRecord): QplugError {
  return fail('vm-exists', { name, pid: (record.qemu ?? record.launcher).pid });
}

/** Waits a few ms for another process's two system calls; the registry waits nowhere else. */
function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
