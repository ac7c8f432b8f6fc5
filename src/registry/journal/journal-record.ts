import type { ProcessIdentity } from '../../base/index.js';
import { isIdentity } from '../vms/index.js';

/** The first line of an entry: the planned steps, and the VM. */
export interface JournalHead {
  readonly format: 1;
  /** The command: `attach`, `run`, … */
  readonly kind: string;
  /** As in `ClaimOwner`. */
  readonly vm: string;
  readonly socket: string;
  /** As in `ClaimOwner`; absent in entries of older releases. */
  readonly process?: ProcessIdentity | undefined;
  readonly socketFile?: string | undefined;
  /** The steps with their undo, as data. Only the engine interprets them. */
  readonly steps: readonly object[];
  /** The recovery if its worker dies. */
  readonly recover: 'undo' | 'finish';
}

/** The progress of a step; qplug writes `doing` and `undoing` before the action, the others after it. */
export type StepMark = 'doing' | 'done' | 'undoing' | 'undone';

/**
 * A further line. qplug does not write `begun` and `ended`: the file begins and ends with its entry. `told`: qplug has reported that the
 * recovery failed. `grant`: the step's grant for QEMU's user, if it was unknown at the beginning of the entry.
 */
export type Mark =
  | { readonly step: number; readonly is: StepMark; readonly grant?: object | undefined }
  | { readonly is: 'begun' | 'committed' | 'told' | 'ended' };

/** The contents of an entry's file. */
export interface JournalText {
  readonly head: JournalHead;
  readonly marks: readonly Mark[];
}

/**
 * @returns an entry from its text; ignores an incomplete last line · `never-begun` if the first line is incomplete · `unknown` if another
 *   release of qplug wrote it
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
