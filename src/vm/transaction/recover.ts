import { type HostAccess, processHasEnded } from '../../access/index.js';
import { Deadline, DeadlineReached, isAlive, ownUid, type ProcessIdentity, poll } from '../../base/index.js';
import { performFileChange, undoFileChange } from '../../config/index.js';
import { type Finding, fail, finding, printable, QplugError } from '../../diag/index.js';
import { endProcess, findStarted } from '../../launcher/index.js';
import { QmpClosedError, QmpConnectError, type QmpConnection } from '../../qmp/index.js';
import type { JournalEntry, JournalHead, VmRecord } from '../../registry/index.js';
import type { Operation } from '../operation.js';
import {
  type ChangeStep,
  guestHasLeft,
  isPointOfNoReturn,
  redoStep,
  type Step,
  type StepContext,
  UNDO_TIMEOUT,
} from '../steps/index.js';
import { reachOwner } from '../target/index.js';
import { notBack } from './failures.js';
import { takeBackGrants } from './grants.js';
import { returnCheck } from './return-check.js';
import { REMOVAL_TIMEOUT } from './transaction.js';
import { isUnusable, type PlacedStep, undoSteps } from './undo-steps.js';

/** ms for a monitor that another client holds. */
const KNOCK = 3000;

type Outcome = 'undone' | 'finished' | 'vm-gone';

/** What mending one VM may take of a command that came for something else. */
export interface Share {
  /** ms. */
  readonly timeout: number;
  /** Whether what could not be mended, and was told before, is not told again. */
  readonly quiet: boolean;
}

/** What became of an entry. */
export interface Mended {
  readonly findings: readonly Finding[];
  /** Whether it was left for later. */
  readonly left: boolean;
}

/**
 * Ends a transaction whose process died on the way: what was done is undone, or the rest is done, as its kind says. Each step is safe to
 * be undone or done again, so it does not matter where it was cut off.
 *
 * @param entry - taken over from the dead one; it is ended here, or left for the next command where the VM does not answer
 * @param share - what it may take
 */
export async function recover(
  entry: JournalEntry,
  host: HostAccess,
  operation: Operation,
  share: Share,
): Promise<Mended> {
  const { kind, vm } = entry.head;
  using deadline = new Deadline(share.timeout, operation.signal);
  try {
    takeBackGrants(entry, host);
    const kept = entry.isCommitted ? [] : await recoverFile(entry, operation.signal);
    const { outcome, findings } = await recoverSteps(entry, host, { ...operation, signal: deadline.signal });
    entry.end();
    if (outcome === undefined) return { findings: kept, left: false };
    const devices = steps(entry).flatMap((step, i) => (entry.stateOf(i) === undefined ? [] : [step.label]));
    const mended = finding('mended', { kind, vm, outcome, devices }, { severity: 'warning' });
    return { findings: [mended, ...findings, ...kept], left: false };
  } catch (error) {
    operation.signal.throwIfAborted();
    const isNews = !entry.isTold;
    if (isNews) tellOnce(entry);
    entry.leave();
    const told = finding('not-mended', { kind, vm, reason: reasonOf(error, share) }, { severity: 'warning' });
    return { findings: isNews || !share.quiet ? [told] : [], left: true };
  }
}

function reasonOf(error: unknown, { timeout }: Share): string {
  if (error instanceof DeadlineReached) return `it did not answer to the end within ${timeout / 1000} s`;
  return printable(error instanceof Error ? error.message : String(error));
}

/** Where it can't be written down it is told once more. */
function tellOnce(entry: JournalEntry): void {
  try {
    entry.told();
  } catch (error) {
    if (!(error instanceof QplugError)) throw error;
  }
}

function steps({ head }: JournalEntry): readonly Step[] {
  return head.steps as readonly Step[];
}

interface Recovered {
  /** Undefined when nothing had been begun, or all was done. */
  readonly outcome: Outcome | undefined;
  /** What could not be had. */
  readonly findings: readonly Finding[];
}

async function recoverSteps(entry: JournalEntry, host: HostAccess, operation: Operation): Promise<Recovered> {
  const all = steps(entry);
  const ended = (outcome: Outcome | undefined, findings: readonly Finding[] = []): Recovered => ({ outcome, findings });
  if (entry.isCommitted || all.every((_, i) => entry.stateOf(i) === undefined)) return ended(undefined);
  if (all.some((step) => step.do === 'launch')) return ended(await recoverLaunch(entry, host, operation));
  operation.onProgress?.(`mend a ${entry.head.kind} that was cut off (${printable(entry.head.vm)})`);
  const qmp = await reach(entry.head, host, operation.signal);
  if (qmp === undefined) return ended('vm-gone');
  // some steps have a patience of their own, of half an hour where a state is written: without a connection they end
  const cut = (): void => void qmp.close();
  operation.signal.addEventListener('abort', cut);
  try {
    const changes = all.filter(isChange);
    const stays: StepContext['stays'] = (step) => returnCheck(step, entry.head.vm, host);
    const context = { qmp, signal: operation.signal, snapshots: host.snapshots, nodes: host.nodes, stays };
    if (entry.head.recover === 'finish' || (await isPastReturn(entry, changes, context))) {
      return await finishAll(entry, changes, context);
    }
    return ended('undone', await undoAll(entry, changes, context));
  } catch (error) {
    operation.signal.throwIfAborted();
    const hasEnded = error instanceof QmpClosedError && !isUnusable(error);
    if (hasEnded && (await isGone(entry.head, operation.signal))) return ended('vm-gone');
    throw error;
  } finally {
    operation.signal.removeEventListener('abort', cut);
    await qmp.close();
  }
}

/** @returns whether it came so far that it can't, or need not, be undone. */
async function isPastReturn(
  entry: JournalEntry,
  changes: readonly ChangeStep[],
  context: StepContext,
): Promise<boolean> {
  for (const [index, step] of changes.entries()) {
    const state = entry.stateOf(index);
    if (state === undefined || state === 'undone') continue;
    if (await guestHasLeft(step, context.qmp)) return true;
    // a state that was being thrown away is thrown away
    if (state !== 'undoing' && (await isPointOfNoReturn(step, context))) return true;
  }
  return false;
}

function isChange(step: Step): step is ChangeStep {
  return step.do !== 'launch' && step.do !== 'go';
}

/**
 * Ends the change of a VM's file, which comes last of all steps and needs no VM. Where somebody has changed the file since it stays as
 * they left it.
 *
 * @returns why a file was left
 */
async function recoverFile(entry: JournalEntry, signal: AbortSignal): Promise<Finding[]> {
  const all = steps(entry);
  const finishes = entry.head.recover === 'finish' && all.some((_, i) => entry.stateOf(i) !== undefined);
  const findings: Finding[] = [];
  for (const [index, step] of all.entries()) {
    const state = entry.stateOf(index);
    if (step.do !== 'write' || state === (finishes ? 'done' : 'undone')) continue;
    const begun = finishes || state !== undefined;
    if (begun) entry.mark(index, finishes ? 'doing' : 'undoing');
    try {
      await (finishes ? performFileChange(step.change, signal) : undoFileChange(step.change, signal));
    } catch (error) {
      if (!(error instanceof QplugError) || error.code === 'vm-file-busy') throw error;
      // what was never begun has only left something beside the file
      if (begun) findings.push(...error.findings.map((one): Finding => ({ ...one, severity: 'warning' })));
    }
    if (begun) entry.mark(index, finishes ? 'done' : 'undone');
  }
  return findings;
}

/** @returns why devices do not come back into the VM */
async function undoAll(
  entry: JournalEntry,
  changes: readonly ChangeStep[],
  context: StepContext,
  spoiled = false,
): Promise<Finding[]> {
  const begun = [...changes.entries()].flatMap(([index, step]): PlacedStep[] => {
    const state = entry.stateOf(index);
    return state === undefined || state === 'undone' ? [] : [{ step, index }];
  });
  const { kept, left, error, isGone } = await undoSteps(begun, { entry, context, spoiled });
  if (isGone || left.length > 0) throw error;
  return kept.map((one): Finding => ({ ...one, severity: 'warning' }));
}

/** Does the rest. What a transaction can do without is told when it can't be had. */
async function finishAll(
  entry: JournalEntry,
  changes: readonly ChangeStep[],
  context: StepContext,
): Promise<Recovered> {
  const findings: Finding[] = [];
  for (const [index, step] of changes.entries()) {
    if (entry.stateOf(index) === 'done') continue;
    entry.mark(index, 'doing');
    try {
      await redoStep(step, { ...context, removalTimeout: REMOVAL_TIMEOUT });
    } catch (error) {
      if (!(error instanceof QplugError)) throw error;
      if (step.do === 'load-state') return await halfLoaded(entry, changes, context, error);
      if (step.do !== 'add' || step.optional !== true || error instanceof QmpClosedError) throw error;
      findings.push(notBack(step, entry.head.vm, error));
    }
    entry.mark(index, 'done');
  }
  return { outcome: 'finished', findings };
}

/** A state that can't be loaded leaves the guest standing still; its devices come back all the same. */
async function halfLoaded(
  entry: JournalEntry,
  changes: readonly ChangeStep[],
  context: StepContext,
  error: QplugError,
): Promise<Recovered> {
  if (error instanceof QmpClosedError) throw error;
  const load = changes.find((step) => step.do === 'load-state');
  const left = await undoAll(entry, changes, context, true);
  const half = finding('snapshot-half-loaded', { vm: entry.head.vm, tag: load?.tag ?? '' });
  const findings = [...error.findings, half, ...left].map((one): Finding => ({ ...one, severity: 'warning' }));
  return { outcome: 'undone', findings };
}

/** @returns undefined when the VM is gone */
async function reach(
  head: Pick<JournalHead, 'vm' | 'socket' | 'process' | 'socketFile'>,
  host: HostAccess,
  signal: AbortSignal,
): Promise<QmpConnection | undefined> {
  if (processHasEnded({ process: head.process })) return undefined;
  try {
    const owner = { ...head, process: head.process };
    return await reachOwner(owner, host, { signal, timeout: KNOCK, commandTimeout: UNDO_TIMEOUT });
  } catch (error) {
    const silent = error instanceof QmpConnectError && SILENT.includes(error.code);
    if (silent && (await isGone(head, signal))) return undefined;
    throw error;
  }
}

/** What a VM that has ended, or is ending, answers. */
const SILENT: readonly string[] = ['qmp-no-socket', 'qmp-refused', 'qmp-ended-early'];

/** ms in which a process ends whose sockets are closed already. */
const ENDING = 2000;

/** Whether a VM that does not answer any more is gone: its process tells, and where that is not known its silence. */
async function isGone({ process }: Pick<JournalHead, 'process'>, signal: AbortSignal): Promise<boolean> {
  if (process === undefined) return true;
  using deadline = new Deadline(ENDING, signal);
  try {
    return await poll(() => (processHasEnded({ process }) ? true : undefined), {
      interval: 20,
      signal: deadline.signal,
    });
  } catch (error) {
    if (!(error instanceof DeadlineReached)) throw error;
    return false;
  }
}

/** A start that was cut off: a guest that never ran is ended; one that may have run goes on. */
async function recoverLaunch(entry: JournalEntry, host: HostAccess, operation: Operation): Promise<Outcome> {
  const { vm } = entry.head;
  const { signal } = operation;
  const go = steps(entry).findIndex((step) => step.do === 'go');
  const launch = steps(entry).find((step) => step.do === 'launch');
  const record = host.registry.read(vm);
  const ours = record !== undefined && launch?.do === 'launch' && record.created === launch.created;
  const qemu = ours ? (record.qemu ?? startedOf(record, launch.uid ?? ownUid())) : undefined;
  if (qemu !== undefined && isAlive(qemu) && entry.stateOf(go) !== undefined) {
    await using qmp = await reach(entry.head, host, signal);
    if (qmp !== undefined) {
      await qmp.execute('cont', undefined, { signal });
      return 'finished';
    }
  }
  operation.onProgress?.(`end a start that was cut off (${printable(vm)})`);
  if (qemu !== undefined) await endProcess(qemu, { signal });
  else if (ours) await quitIfThere(entry, host, signal);
  if (ours) host.registry.removeIfDead(vm);
  return 'undone';
}

/** The QEMU of a start whose record does not tell it yet. */
function startedOf({ name, startMark }: VmRecord, uid: number): ProcessIdentity | undefined {
  if (startMark === undefined) return undefined;
  const [started, ...others] = findStarted(startMark, uid);
  if (others.length === 0) return started;
  const pids = [started, ...others].flatMap((one) => one?.pid ?? []);
  throw fail('start-not-identified', { vm: name, file: startMark, pids });
}

/** Who answers in the folder of a VM of ours is its QEMU, whoever it is: it is asked to end, and gets no signal. */
async function quitIfThere({ head }: JournalEntry, host: HostAccess, signal: AbortSignal): Promise<void> {
  await using qmp = await reach(head, host, signal);
  if (qmp === undefined) return;
  await qmp.execute('quit', undefined, { signal }).catch((error: unknown) => {
    if (!(error instanceof QmpClosedError)) throw error;
  });
  await qmp.closed;
}
