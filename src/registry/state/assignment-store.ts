import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { clearUnfinished, LockHeldError, lockPath, makeOwnFolder, removeWhole } from '../../base/index.js';
import { type Finding, fail, finding, QplugError } from '../../diag/index.js';
import { fileNameOf, isVmName } from '../vm-name.js';
import { guardedLater, readOwn, writeDurably } from '../write-durably.js';
import { type AssignmentRecord, parseAssignmentRecord } from './assignment-record.js';

/** ms to wait for another process's change, which takes a few ms. */
const LOCK_TIMEOUT = 10_000;

/** The end of a record's file name; the rest is the VM's name. */
const ENDING = '.json';

/** The lock of all records: hidden, so that it is no name of a VM. */
const LOCK = '.lock';

/**
 * Works out a new record. Must not wait for anything.
 *
 * @param record - the present one; one without assignments if there is none
 * @param others - the records of all other VMs
 */
export type AssignmentEdit = (record: AssignmentRecord, others: readonly AssignmentRecord[]) => AssignmentRecord;

/**
 * The standing assignments and shares of VMs, and the names of adopted VMs: a JSON file each under `<state>/assignments`, which is 0700.
 * qplug replaces a file in one step, so a reader sees either the old or the new one. One lock for all files makes each change exclusive.
 */
export class AssignmentStore {
  readonly #state: string;
  /** The folder of the records. */
  readonly folder: string;

  /** @param state - the folder that survives a reboot: /var/lib/qplug, or $XDG_STATE_HOME/qplug */
  constructor(state: string) {
    this.#state = state;
    this.folder = join(state, 'assignments');
  }

  #pathOf(vm: string): string {
    return join(this.folder, fileNameOf(vm) + ENDING);
  }

  /** @returns the records of all VMs, in order of name; a warning for each file that can't be read */
  list(): { readonly records: readonly AssignmentRecord[]; readonly findings: readonly Finding[] } {
    const records: AssignmentRecord[] = [];
    const findings: Finding[] = [];
    let names: string[];
    try {
      names = readdirSync(this.folder).sort();
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      return { records, findings: code === 'ENOENT' ? [] : [unreadable(undefined, this.folder, message)] };
    }
    for (const name of names) {
      const vm = name.endsWith(ENDING) ? name.slice(0, -ENDING.length) : '';
      if (!isVmName(vm)) continue;
      const read = this.read(vm);
      if (read.record !== undefined) records.push(read.record);
      findings.push(...read.findings);
    }
    return { records, findings };
  }

  /**
   * @returns the record of a VM, if there is one; a warning, and no record, if its file can't be read
   * @throws QplugError `vm-name-wrong`
   */
  read(vm: string): { readonly record: AssignmentRecord | undefined; readonly findings: readonly Finding[] } {
    const path = this.#pathOf(vm);
    let text: string;
    try {
      text = readOwn(path);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      return { record: undefined, findings: code === 'ENOENT' ? [] : [unreadable(vm, path, message)] };
    }
    const record = parseAssignmentRecord(text);
    if (typeof record === 'string') return { record: undefined, findings: [unreadable(vm, path, record)] };
    // a copy under another name would count twice
    if (record.vm !== vm) return { record: undefined, findings: [unreadable(vm, path, 'torn')] };
    return { record, findings: [] };
  }

  /**
   * Changes the record of a VM: reads it, and writes the new one, in one exclusive step. The new record is on the disk when this
   * returns. A record without socket, assignments and share is deleted. A file that can't be read stays as it is.
   *
   * @returns the new record
   * @throws QplugError `assignments-unreadable` · `assignments-busy` · `state-write-failed` · `vm-name-wrong` · what `edit` throws · the
   *   signal's reason; then nothing has changed
   */
  async change(vm: string, edit: AssignmentEdit, signal: AbortSignal): Promise<AssignmentRecord> {
    const path = this.#pathOf(vm);
    return await guardedLater(path, async () => {
      makeOwnFolder(this.#state);
      makeOwnFolder(this.folder);
      using _lock = await this.#lock(signal);
      clearUnfinished(this.folder);
      const { record, findings } = this.read(vm);
      const [first, ...more] = findings.map((one): Finding => ({ ...one, severity: 'error' }));
      if (first !== undefined) throw new QplugError([first, ...more]);
      const before = record ?? { format: 1, vm, assignments: [] };
      const others = this.list().records.filter((one) => one.vm !== vm);
      const after = edit(before, others);
      if (isEmpty(after)) removeWhole(path);
      else writeDurably(path, after);
      return after;
    });
  }

  async #lock(signal: AbortSignal): Promise<Disposable> {
    const path = join(this.folder, LOCK);
    try {
      return await lockPath(path, { timeout: LOCK_TIMEOUT, signal });
    } catch (error) {
      if (!(error instanceof LockHeldError)) throw error;
      const { holder, cause } = error;
      throw fail('assignments-busy', { path: this.folder, holder, timeout: LOCK_TIMEOUT }, { cause });
    }
  }
}

function isEmpty({ socket, assignments, share }: AssignmentRecord): boolean {
  return socket === undefined && assignments.length === 0 && share === undefined;
}

/** @param vm - undefined: of all VMs */
function unreadable(vm: string | undefined, path: string, reason: string): Finding {
  return finding('assignments-unreadable', { vm, path, reason }, { severity: 'warning' });
}
