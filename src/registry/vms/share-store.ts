import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  clearUnfinished,
  formatProcess,
  hasEnded,
  makeOwnFolder,
  type ProcessIdentity,
  type SocketIdentity,
  throwIfShort,
} from '../../base/index.js';
import { parseRecord, type Unchecked } from '../record-text.js';
import { guarded, readOwn, writeDurably } from '../write-durably.js';
import { isIdentity } from './vm-record.js';

/** The record of a share: a process that holds a QEMU's QMP socket, and serves others on a socket of its own. */
export interface ShareRecord {
  readonly format: 1;
  /** The process that serves. */
  readonly share: ProcessIdentity;
  /** Where it listens: absolute path, and device and inode of the socket's file. */
  readonly listen: { readonly socket: string; readonly file: string };
  /** QEMU's socket: absolute path, and device and inode of its file when the share connected. */
  readonly qemu: { readonly socket: string; readonly file: string };
  /** The share's end of its connection to QEMU: the kernel knows who has it open, and who is at the other end. */
  readonly end: SocketIdentity;
}

/** The shares of this user: a JSON file each under `<runtime>/shares`, which is 0700. */
export class ShareStore {
  /** The folder of the records. */
  readonly folder: string;
  readonly #runtime: string;

  /** @param runtime - the runtime folder: /run/qplug, or $XDG_RUNTIME_DIR/qplug */
  constructor(runtime: string) {
    this.#runtime = runtime;
    this.folder = join(runtime, 'shares');
  }

  /** Adds a record, and removes those of processes that have ended. @throws QplugError `folder-not-ours` · `state-write-failed` */
  add(record: ShareRecord): void {
    guarded(this.folder, () => {
      makeOwnFolder(this.#runtime);
      makeOwnFolder(this.folder);
      clearUnfinished(this.folder);
      for (const [name, { share }] of this.#records()) if (hasEnded(share)) this.#delete(name);
      writeDurably(join(this.folder, nameOf(record)), record);
    });
  }

  /** Removes a record. It is of no use any more, so a failure is none: a later `add` removes it. */
  remove(record: ShareRecord): void {
    this.#delete(nameOf(record));
  }

  #delete(name: string): void {
    try {
      rmSync(join(this.folder, name), { force: true });
    } catch {
      // a full disk, or no permission
    }
  }

  /** @returns the shares whose process may be alive */
  list(): ShareRecord[] {
    return this.#records().flatMap(([, record]) => (hasEnded(record.share) ? [] : [record]));
  }

  #records(): [name: string, record: ShareRecord][] {
    return this.#names().flatMap((name) => {
      const record = this.#read(name);
      return record === undefined ? [] : [[name, record] as [string, ShareRecord]];
    });
  }

  #names(): string[] {
    try {
      return readdirSync(this.folder).filter((name) => name.endsWith(ENDING));
    } catch (error) {
      throwIfShort(error);
      return [];
    }
  }

  #read(name: string): ShareRecord | undefined {
    try {
      const record = parseRecord<ShareRecord>(readOwn(join(this.folder, name)), isWhole);
      return typeof record === 'object' ? record : undefined;
    } catch (error) {
      throwIfShort(error);
      // another process has just removed it
      return undefined;
    }
  }
}

const ENDING = '.share.json';

function nameOf({ share, listen }: ShareRecord): string {
  return `${formatProcess(share)}_${listen.file.replace(':', '-')}${ENDING}`;
}

function isWhole({ share, listen, qemu, end }: Unchecked): boolean {
  const { dev, ino } = (end ?? {}) as Partial<SocketIdentity>;
  return (
    isIdentity(share as Partial<ProcessIdentity> | null) &&
    isSocketFile(listen) &&
    isSocketFile(qemu) &&
    typeof dev === 'number' &&
    typeof ino === 'number'
  );
}

function isSocketFile(value: unknown): boolean {
  const { socket, file } = (value ?? {}) as { readonly socket?: unknown; readonly file?: unknown };
  return typeof socket === 'string' && typeof file === 'string';
}
