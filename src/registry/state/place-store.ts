import { join } from 'node:path';
import { clearUnfinished, makeOwnFolder } from '../../base/index.js';
import { type Finding, finding, QplugError } from '../../diag/index.js';
import { fileNameOf } from '../vm-name.js';
import { guarded, readOwn, writeDurably } from '../write-durably.js';
import { type PlaceRecord, parsePlaceRecord } from './place-record.js';

/**
 * The remembered places of VMs: a JSON file each under `<state>/places`, which is 0700. qplug replaces a file in one step, so a reader sees
 * either the old or the new one.
 */
export class PlaceStore {
  readonly #state: string;
  readonly #folder: string;

  /** @param state - the folder that survives a reboot: /var/lib/qplug, or $XDG_STATE_HOME/qplug */
  constructor(state: string) {
    this.#state = state;
    this.#folder = join(state, 'places');
  }

  #pathOf(vm: string): string {
    return join(this.#folder, `${fileNameOf(vm)}.json`);
  }

  /**
   * @returns the places of a VM; none for a VM that never ran. A warning, and no places, if its file can't be read; qplug does not change
   *   such a file.
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
   * Replaces the places of a VM. Leaves the file of a newer release alone; `read` has reported it.
   *
   * @returns a warning on failure, not an error: the running VM matters more than its remembered places
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
