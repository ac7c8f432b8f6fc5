import type { ProcessIdentity } from '../base/index.js';
import { isIdentity } from './vm-record.js';

/** The first line of an entry: what is going to be done, and to whom. */
export interface JournalHead {
  readonly format: 1;
  /** What it is, as people know it: `attach`, `run`, … */
  readonly kind: string;
  /** As in `ClaimOwner`. */
  readonly vm: string;
  readonly socket: string;
  /** As in `ClaimOwner`; an older qplug has not written these two. */
  readonly process?: ProcessIdentity | undefined;
  readonly socketFile?: string | undefined;
  /** The steps with their undo, as data. What they mean is known to who wrote them. */
  readonly steps: readonly object[];
  /** What is to become of it when its worker dies on the way. */
  readonly recover: 'undo' | 'finish';
}

/** How far a step is; `doing` and `undoing` are written before, the others after. */
export type StepMark = 'doing' | 'done' | 'undoing' | 'undone';

/**
 * A further line. `begun` and `ended` are not written: they are the file's being there. `told`: somebody was told that it could not be
 * mended yet. `grant`: what QEMU's user was given for the step, where that was not known when the entry was begun.
 */
export type Mark =
  | { readonly step: number; readonly is: StepMark; readonly grant?: object | undefined }
  | { readonly is: 'begun' | 'committed' | 'told' | 'ended' };

/** An entry as it is in its file. */
export interface JournalText {
  readonly head: JournalHead;
  readonly marks: readonly Mark[];
}

/**
 * @returns an entry from its text; a line that was cut short is as good as not written · `never-begun` when the first one was ·
 *   `unknown` when it is of another qplug, which knows what it means
 */
export function parseJournal(text: string): JournalText | 'never-begun' | 'unknown' {
  const [first = '', ...rest] = text.split('\n');
  const head = parse(first);
  if (head === undefined) return 'never-begun';
  if (!isHead(head)) return 'unknown';
  return { head, marks: rest.map(parse).filter(isMark) };
}

function parse(line: string): unknown {
  try {
    return line === '' ? undefined : JSON.parse(line);
  } catch {
    return undefined;
  }
}

function isHead(value: unknown): value is JournalHead {
  const head = value as Partial<JournalHead> | null;
  return (
    typeof head === 'object' &&
    head !== null &&
    head.format === 1 &&
    typeof head.kind === 'string' &&
    typeof head.vm === 'string' &&
    typeof head.socket === 'string' &&
    (head.process === undefined || isIdentity(head.process)) &&
    (head.socketFile === undefined || typeof head.socketFile === 'string') &&
    Array.isArray(head.steps) &&
    head.steps.every((step) => typeof step === 'object' && step !== null) &&
    (head.recover === 'undo' || head.recover === 'finish')
  );
}

const STEP_MARKS: readonly unknown[] = ['doing', 'done', 'undoing', 'undone'] satisfies StepMark[];

function isMark(value: unknown): value is Mark {
  const mark = value as { step?: unknown; is?: unknown; grant?: unknown } | null;
  if (typeof mark !== 'object' || mark === null) return false;
  if (mark.grant !== undefined && (typeof mark.grant !== 'object' || mark.grant === null)) return false;
  return Number.isInteger(mark.step) ? STEP_MARKS.includes(mark.is) : mark.is === 'committed' || mark.is === 'told';
}
