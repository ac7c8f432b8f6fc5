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
} from '../base/index.js';
import { type JournalHead, type Mark, parseJournal, type StepMark } from './journal-record.js';
import { guarded, readOwn } from './write-durably.js';

/** What an entry's file is called: when it began, in order, and who works on it; nobody does once it was left. */
const NAME = /^(\d{13}-\d+-\d+)(?:_(\d+_\d+_[0-9a-f-]+(?:_\d+)?))?\.jsonl$/;

/** Whoever is told of each line that was written, and so can stop a transaction at any of them. */
export type Watch = (head: JournalHead, mark: Mark) => void;

/**
 * What qplug is about to do, written down before it does it: a file for each transaction under `<state>/journal`, whose first line
 * holds all steps with their undo, and each further line how far they are. A process that is killed leaves its file behind; the name
 * says whose it is, and whoever finds it takes it over by renaming it, which of several one can do.
 */
export class Journal {
  readonly folder: string;
  readonly #watch: Watch | undefined;
  #count = 0;

  /**
   * @param state - the folder of what outlives a reboot
   * @param watch - told of every line after it was written
   */
  constructor(state: string, watch?: Watch) {
    this.folder = join(state, 'journal');
    this.#watch = watch;
  }

  /** Writes down what is going to be done. @throws QplugError `state-write-failed`: then nothing may be done */
  begin(head: JournalHead): JournalEntry {
    const me = selfIdentity();
    const id = `${Date.now()}-${me.pid}-${this.#count++}`;
    const path = join(this.folder, nameOf(id, me));
    guarded(path, () => {
      makeOwnFolder(this.folder);
      writeWhole(path, `${JSON.stringify(head)}\n`, 0o600);
    });
    const entry = new JournalEntry(path, head, [], this.#watch);
    this.#watch?.(head, { is: 'begun' });
    return entry;
  }

  /**
   * @returns the entries that nobody works on any more, the oldest first, now ours. Those of another qplug, which can't be
   *   understood, stay for it; what never came to say anything is cleared away
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
        // another was faster
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
        throw error;
      }
    });
  }

  #take(from: string, path: string): JournalEntry[] {
    if (parseJournal(readOwn(from)) === 'unknown') return [];
    renameSync(from, path);
    // it may have been written to until its process died
    const text = parseJournal(readOwn(path));
    if (typeof text === 'object') return [new JournalEntry(path, text.head, text.marks, this.#watch)];
    rmSync(path, { force: true });
    return [];
  }

  /** What was never begun, since its process ended, or its disk was full, before it was whole; an older qplug called it `.new`. */
  #clearUnfinished(): void {
    clearUnfinished(this.folder);
    for (const name of namesIn(this.folder)) {
      const who = name.endsWith('.new') ? NAME.exec(name.slice(0, -'.new'.length))?.[2] : undefined;
      if (who === undefined || !isOver(parseProcess(who))) continue;
      rmSync(join(this.folder, name), { force: true });
    }
  }

  /** Whether nobody works on anything, or has left something. */
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

/** One transaction on its way. */
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

  /** @returns how far a step came; undefined: it was never begun */
  stateOf(step: number): StepMark | undefined {
    return this.#marks.findLast((mark): mark is Mark & { step: number } => 'step' in mark && mark.step === step)?.is as
      | StepMark
      | undefined;
  }

  /** What marks say that was given to QEMU's user. */
  get grants(): readonly object[] {
    return this.#marks.flatMap((mark) => ('step' in mark ? (mark.grant ?? []) : []));
  }

  /** Whether all that was planned was done and found to be so: nothing of it is undone any more. */
  get isCommitted(): boolean {
    return this.#marks.some(({ is }) => is === 'committed');
  }

  /** Whether somebody was told already that it could not be mended yet. */
  get isTold(): boolean {
    return this.#marks.some(({ is }) => is === 'told');
  }

  /** Somebody was told. */
  told(): void {
    this.#write({ is: 'told' });
  }

  /** Says how far a step is, before it goes on. */
  mark(step: number, is: StepMark, grant?: object): void {
    this.#write(grant === undefined ? { step, is } : { step, is, grant });
  }

  commit(): void {
    this.#write({ is: 'committed' });
  }

  /** The transaction is over, done or undone. @throws QplugError `state-write-failed`: the next command ends it once more */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    closeSync(this.#handle);
    guarded(this.#path, () => rmSync(this.#path, { force: true }));
    this.#watch?.(this.head, { is: 'ended' });
  }

  /** Leaves it for whoever comes next, though this process goes on. */
  leave(): void {
    if (this.#ended) return;
    this.#ended = true;
    closeSync(this.#handle);
    const [, id = ''] = NAME.exec(basename(this.#path)) ?? [];
    try {
      renameSync(this.#path, join(dirname(this.#path), `${id}.jsonl`));
    } catch {
      // then it is left when this process ends
    }
  }

  #write(mark: Mark): void {
    guarded(this.#path, () => {
      const { size } = fstatSync(this.#handle);
      try {
        writeFileSync(this.#handle, `${JSON.stringify(mark)}\n`);
      } catch (error) {
        // a disk that gets full takes a part of the line first: it must not be read, nor spoil the next one
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
