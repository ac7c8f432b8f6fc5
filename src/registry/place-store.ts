import { join } from 'node:path';
import { clearUnfinished, makeOwnFolder } from '../base/index.js';
import { type Finding, finding, QplugError } from '../diag/index.js';
import { type PlaceRecord, parsePlaceRecord } from './place-record.js';
import { fileNameOf } from './vm-name.js';
import { guarded, readOwn, writeDurably } from './write-durably.js';

/**
 * The remembered places of VMs: a JSON file each under `<state>/places`, which is 0700. A file is replaced in one step, so whoever
 * reads sees the one before or the one after.
 */
export class PlaceStore {
  readonly #state: string;
  readonly #folder: string;

  /** @param state - the folder of what outlives a reboot: /var/lib/qplug, or $XDG_STATE_HOME/qplug */
  constructor(state: string) {
    this.#state = state;
    this.#folder = join(state, 'places');
  }

  #pathOf(vm: string): string {
    return join(this.#folder, `${fileNameOf(vm)}.json`);
  }

  /**
   * @returns the places of a VM; none for one that never ran. A warning, and no places, where its file can't be read; such a file
   *   is left as it is.
   */
  read(vm: string): { readonly record: PlaceRecord | undefined; readonly findings: readonly Finding[] } {
    const path = this.#pathOf(vm);
    const unreadable = (reason: string): Finding =>
      finding('places-unreadable', { vm, path, reason }, { severity: 'warning' });
    let text: string;
    try {
      text = readOwn(path);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      return { record: undefined, findings: code === 'ENOENT' ? [] : [unreadable(message)] };
    }
    const record = parsePlaceRecord(text);
    if (typeof record === 'object') return { record, findings: [] };
    return { record: undefined, findings: [unreadable(record)] };
  }

  /**
   * Replaces the places of a VM. A file of a newer qplug is left alone; `read` has said so.
   *
   * @returns a warning where that can't be done: a VM that runs is worth more than its memory
   */
  write(record: PlaceRecord): readonly Finding[] {
    const path = this.#pathOf(record.vm);
    if (this.#isNewer(path)) return [];
    try {
      guarded(path, () => {
        makeOwnFolder(this.#state);
        makeOwnFolder(this.#folder);
        clearUnfinished(this.#folder);
        writeDurably(path, record);
      });
      return [];
    } catch (error) {
      if (!(error instanceof QplugError)) throw error;
      const reason = error.cause instanceof Error ? error.cause.message : error.message;
      return [finding('places-not-saved', { vm: record.vm, path, reason }, { severity: 'warning' })];
    }
  }

  #isNewer(path: string): boolean {
    try {
      return parsePlaceRecord(readOwn(path)) === 'newer';
    } catch {
      return false;
    }
  }
}
