import { closeSync, fstatSync, ftruncateSync, openSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import {
  clearUnfinished,
  formatProcess,
  hasEnded,
  makeOwnFolder,
  type ProcessIdentity,
  parseProcess,
  selfIdentity,
  throwIfShort,
  writeWhole,
} from '../../base/index.js';
import { guarded, readOwn } from '../write-durably.js';
import { type JournalHead, type Mark, parseJournal, type StepMark } from './journal-record.js';

/** The name of an entry's file: its start time, a pid and a number, then the process that works on it, unless that has left it. */
const NAME = /^(\d{13}-\d+-\d+)(?:_(\d+_\d+_[0-9a-f-]+(?:_\d+)?))?\.jsonl$/;

/** Receives each written line; tests use it to stop a transaction at any line. */
export type Watch = (head: JournalHead, mark: Mark) => void;

/**
 * The transactions in progress: a file for each one under `<state>/journal`. Its first line contains all steps with their undo. Each
 * further line records the progress of a step. A killed process leaves its file behind. The file's name contains the process, and another
 * process takes the file over by renaming it: only one process succeeds in that.
 */
export class Journal {
  readonly folder: string;
  readonly #watch: Watch | undefined;
  #count = 0;

  /**
   * @param state - the folder that survives a reboot
   * @param watch - receives every line after it was written
   */
  constructor(state: string, watch?: Watch) {
    this.folder = join(state, 'journal');
    this.#watch = watch;
  }

  /**
   * Writes the planned steps.
   *
   * @param options - `isLasting`: the steps change what a power cut does not take away, so the entry must survive one; default yes
   * @throws QplugError `state-write-failed`: then no step may begin
   */
  begin(head: JournalHead, { isLasting = true }: { readonly isLasting?: boolean } = {}): JournalEntry {
    const me = selfIdentity();
    const id = `${Date.now()}-${me.pid}-${this.#count++}`;
    const path = join(this.folder, nameOf(id, me));
    guarded(path, () => {
      makeOwnFolder(this.folder);
      writeWhole(path, `${JSON.stringify(head)}\n`, 0o600, { isLasting });
    });
    const entry = new JournalEntry(path, head, [], this.#watch);
    this.#watch?.(head, { is: 'begun' });
    return entry;
  }

  /**
   * Takes over the entries of dead processes. Leaves entries of another release alone, and removes entries without a complete first line.
   *
   * @returns the entries, oldest first
   */
  takeOver(): JournalEntry[] {
    this.#clearUnfinished();
    return this.#names().flatMap((name) => {
      const [, id = '', who] = NAME.exec(name) ?? [];
      if (who !== undefined && !isOver(parseProcess(who))) return [];
      const path = join(this.folder, nameOf(id, selfIdentity()));
      try {
        return this.#take(join(this.folder, name), path);
      } catch (error) {
        // another process was faster
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
        throw error;
      }
    });
  }

  #take(from: string, path: string): JournalEntry[] {
    if (parseJournal(readOwn(from)) === 'unknown') return [];
    renameSync(from, path);
    // its process may have written to it until it died
    const text = parseJournal(readOwn(path));
    if (typeof text === 'object') return [new JournalEntry(path, text.head, text.marks, this.#watch)];
    rmSync(path, { force: true });
    return [];
  }

  /** Removes incomplete entries of killed processes, or from a full disk; older releases named them `.new`. */
  #clearUnfinished(): void {
    clearUnfinished(this.folder);
    for (const name of namesIn(this.folder)) {
      const who = name.endsWith('.new') ? NAME.exec(name.slice(0, -'.new'.length))?.[2] : undefined;
      if (who === undefined || !isOver(parseProcess(who))) continue;
      rmSync(join(this.folder, name), { force: true });
    }
  }

  /** Whether there are no entries. */
  get isEmpty(): boolean {
    return namesIn(this.folder).every((name) => !NAME.test(name) && !/\.new$|^\.qplug-/.test(name));
  }

  #names(): string[] {
    return namesIn(this.folder)
      .filter((name) => NAME.test(name))
      .sort();
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    throwIfShort(error);
    return [];
  }
}

/** One transaction in progress. */
export class JournalEntry {
  readonly head: JournalHead;
  readonly #path: string;
  readonly #marks: Mark[];
  readonly #watch: Watch | undefined;
  readonly #handle: number;
  #ended = false;

  constructor(path: string, head: JournalHead, marks: readonly Mark[], watch: Watch | undefined) {
    this.#path = path;
    this.head = head;
    this.#marks = [...marks];
    this.#watch = watch;
    this.#handle = openSync(path, 'a', 0o600);
  }

  /** @returns the progress of a step; undefined: it has not begun */
  stateOf(step: number): StepMark | undefined {
    return this.#marks.findLast((mark): mark is Mark & { step: number } => 'step' in mark && mark.step === step)?.is as
      | StepMark
      | undefined;
  }

  /** The grants in the marks. */
  get grants(): readonly object[] {
    return this.#marks.flatMap((mark) => ('step' in mark ? (mark.grant ?? []) : []));
  }

  /** Whether all steps are performed and verified: then none is undone. */
  get isCommitted(): boolean {
    return this.#marks.some(({ is }) => is === 'committed');
  }

  /** Whether qplug has already reported that its recovery failed. */
  get isTold(): boolean {
    return this.#marks.some(({ is }) => is === 'told');
  }

  /** Records that qplug has reported it. */
  told(): void {
    this.#write({ is: 'told' });
  }

  /** Records the progress of a step. */
  mark(step: number, is: StepMark, grant?: object): void {
    this.#write(grant === undefined ? { step, is } : { step, is, grant });
  }

  commit(): void {
    this.#write({ is: 'committed' });
  }

  /** Ends the transaction, performed or undone. @throws QplugError `state-write-failed`: the next command ends it again */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    closeSync(this.#handle);
    guarded(this.#path, () => rmSync(this.#path, { force: true }));
    this.#watch?.(this.head, { is: 'ended' });
  }

  /** Leaves it for the next command, although this process continues. */
  leave(): void {
    if (this.#ended) return;
    this.#ended = true;
    closeSync(this.#handle);
    const [, id = ''] = NAME.exec(basename(this.#path)) ?? [];
    try {
      renameSync(this.#path, join(dirname(this.#path), `${id}.jsonl`));
    } catch {
      // otherwise it is left when this process ends
    }
  }

  #write(mark: Mark): void {
    guarded(this.#path, () => {
      const { size } = fstatSync(this.#handle);
      try {
        writeFileSync(this.#handle, `${JSON.stringify(mark)}\n`);
      } catch (error) {
        // a disk that becomes full stores a part of the line: remove it, so that it does not damage the next line
        ftruncateSync(this.#handle, size);
        throw error;
      }
    });
    this.#marks.push(mark);
    this.#watch?.(this.head, mark);
  }
}

function isOver(worker: ProcessIdentity | undefined): boolean {
  return worker !== undefined && hasEnded(worker);
}

function nameOf(id: string, worker: ProcessIdentity): string {
  return `${id}_${formatProcess(worker)}.jsonl`;
}
