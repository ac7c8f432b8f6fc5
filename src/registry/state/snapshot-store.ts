import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { clearUnfinished, makeOwnFolder } from '../../base/index.js';
import type { NoRecord } from '../record-text.js';
import { guarded, readOwn, writeDurably } from '../write-durably.js';
import { parseSnapshotRecord, type SnapshotIdentity, type SnapshotRecord } from './snapshot-record.js';

/** Tags that are safe in a file name: those that qplug accepts. */
const SAFE = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/;

/**
 * The USB trees of snapshots: a JSON file each (0600) under `<state>/snapshots`, which is 0700. A file's name contains the snapshot's time
 * of creation on the disks, to the nanosecond: so it belongs to the disks, even if the VM gets another name, and a snapshot that another
 * program saved with an old tag has no file.
 */
export class SnapshotStore {
  readonly #state: string;
  readonly #folder: string;

  /** @param state - the folder that survives a reboot: /var/lib/qplug, or $XDG_STATE_HOME/qplug */
  constructor(state: string) {
    this.#state = state;
    this.#folder = join(state, 'snapshots');
  }

  /** @returns the file of a snapshot; undefined for one that qplug can't have saved */
  pathOf({ tag, seconds, nanoseconds }: SnapshotIdentity): string | undefined {
    const numbers = [seconds, nanoseconds];
    if (!SAFE.test(tag) || !numbers.every((one) => Number.isSafeInteger(one) && one >= 0)) return undefined;
    return join(this.#folder, `${seconds}-${String(nanoseconds).padStart(9, '0')}-${tag}.json`);
  }

  /** @returns the tree of a snapshot · `none`: qplug did not save it on this host · `unreadable` · `newer`, `torn`: as in `NoRecord` */
  read(snapshot: SnapshotIdentity): SnapshotRecord | NoRecord | 'none' | 'unreadable' {
    const path = this.pathOf(snapshot);
    if (path === undefined) return 'none';
    try {
      return parseSnapshotRecord(readOwn(path));
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'none' : 'unreadable';
    }
  }

  /** Writes the tree of a snapshot; it is on the disk when this returns. @throws QplugError `state-write-failed` */
  write(snapshot: SnapshotIdentity, record: SnapshotRecord): void {
    const path = this.pathOf(snapshot);
    if (path === undefined) throw new Error(`no file name for ${snapshot.tag}`);
    guarded(path, () => {
      makeOwnFolder(this.#state);
      makeOwnFolder(this.#folder);
      clearUnfinished(this.#folder);
      writeDurably(path, record);
    });
  }

  /** Deletes the tree of a snapshot. @throws QplugError `state-write-failed` */
  remove(snapshot: SnapshotIdentity): void {
    const path = this.pathOf(snapshot);
    if (path !== undefined) guarded(path, () => rmSync(path, { force: true }));
  }
}
