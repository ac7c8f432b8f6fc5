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

/** ms to connect to a monitor, which another client may hold. */
const CONNECT_TIMEOUT = 3000;

type RecoveryOutcome = 'undone' | 'finished' | 'vm-gone';

/** The limits for the recovery of one VM within a command about something else. */
export interface Share {
  /** ms. */
  readonly timeout: number;
  /** Whether to report a failed recovery only the first time. */
  readonly quiet: boolean;
}

/** The result of the recovery of one journal entry. */
export interface RecoveredEntry {
  readonly findings: readonly Finding[];
  /** Whether a later command must try again. */
  readonly left: boolean;
}

/**
 * Ends an interrupted transaction, whose process has died: undoes its steps, or finishes them, as its kind requires. Every step can safely
 * be undone or repeated, so it does not matter where the transaction was interrupted.
 *
 * @param entry - taken over from the dead process; ended here, or left for the next command if the VM does not answer
 * @param share - the limits
 */
export async function recover(
  entry: JournalEntry,
  host: HostAccess,
  operation: Operation,
  share: Share,
): Promise<RecoveredEntry> {
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
  if (error instanceof DeadlineReached) return `it did not finish within ${timeout / 1000} s`;
  return printable(error instanceof Error ? error.message : String(error));
}

/** If the journal can't be written, the next command reports the failure again. */
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

interface RecoveredSteps {
  /** Undefined if no step had begun, or all were finished. */
  readonly outcome: RecoveryOutcome | undefined;
  /** Devices that were not available. */
  readonly findings: readonly Finding[];
}

async function recoverSteps(entry: JournalEntry, host: HostAccess, operation: Operation): Promise<RecoveredSteps> {
  const all = steps(entry);
  const ended = (outcome: RecoveryOutcome | undefined, findings: readonly Finding[] = []): RecoveredSteps => ({
    outcome,
    findings,
  });
  if (entry.isCommitted || all.every((_, i) => entry.stateOf(i) === undefined)) return ended(undefined);
  if (all.some((step) => step.do === 'launch')) return ended(await recoverLaunch(entry, host, operation));
  operation.onProgress?.(`recover an interrupted ${entry.head.kind} (${printable(entry.head.vm)})`);
  const qmp = await connectToVm(entry.head, host, operation.signal);
  if (qmp === undefined) return ended('vm-gone');
  // some steps have their own timeout, of half an hour for a state; they end when the connection closes
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

/** @returns whether the transaction has come so far that it cannot, or need not, be undone */
async function isPastReturn(
  entry: JournalEntry,
  changes: readonly ChangeStep[],
  context: StepContext,
): Promise<boolean> {
  for (const [index, step] of changes.entries()) {
    const state = entry.stateOf(index);
    if (state === undefined || state === 'undone') continue;
    if (await guestHasLeft(step, context.qmp)) return true;
    // an undo that has begun to delete a saved state deletes it
    if (state !== 'undoing' && (await isPointOfNoReturn(step, context))) return true;
  }
  return false;
}

function isChange(step: Step): step is ChangeStep {
  return step.do !== 'launch' && step.do !== 'go';
}

/**
 * Finishes or undoes the change of a VM's file, which is the last step and needs no VM. If another program has changed the file since, it
 * stays as it is.
 *
 * @returns why qplug did not change a file
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
      // a step that has not begun leaves only a temporary file
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

/** Performs the remaining steps. Reports each optional device that is not available. */
async function finishAll(
  entry: JournalEntry,
  changes: readonly ChangeStep[],
  context: StepContext,
): Promise<RecoveredSteps> {
  const findings: Finding[] = [];
  for (const [index, step] of changes.entries()) {
    if (entry.stateOf(index) === 'done') continue;
    entry.mark(index, 'doing');
    try {
      await redoStep(step, { ...context, removalTimeout: REMOVAL_TIMEOUT });
    } catch (error) {
      if (!(error instanceof QplugError)) throw error;
      if (step.do === 'load-state') return await undoFailedLoad(entry, changes, context, error);
      if (step.do !== 'add' || step.optional !== true || error instanceof QmpClosedError) throw error;
      findings.push(notBack(step, entry.head.vm, error));
    }
    entry.mark(index, 'done');
  }
  return { outcome: 'finished', findings };
}

/** If the state can't be loaded, the guest stays paused, but its devices come back. */
async function undoFailedLoad(
  entry: JournalEntry,
  changes: readonly ChangeStep[],
  context: StepContext,
  error: QplugError,
): Promise<RecoveredSteps> {
  if (error instanceof QmpClosedError) throw error;
  const load = changes.find((step) => step.do === 'load-state');
  const left = await undoAll(entry, changes, context, true);
  const half = finding('snapshot-half-loaded', { vm: entry.head.vm, tag: load?.tag ?? '' });
  const findings = [...error.findings, half, ...left].map((one): Finding => ({ ...one, severity: 'warning' }));
  return { outcome: 'undone', findings };
}

/** @returns undefined if the VM is gone */
async function connectToVm(
  head: Pick<JournalHead, 'vm' | 'socket' | 'process' | 'socketFile'>,
  host: HostAccess,
  signal: AbortSignal,
): Promise<QmpConnection | undefined> {
  if (processHasEnded({ process: head.process })) return undefined;
  try {
    const owner = { ...head, process: head.process };
    return await reachOwner(owner, host, { signal, timeout: CONNECT_TIMEOUT, commandTimeout: UNDO_TIMEOUT });
  } catch (error) {
    const silent = error instanceof QmpConnectError && SILENT.includes(error.code);
    if (silent && (await isGone(head, signal))) return undefined;
    throw error;
  }
}

/** Connection errors of a VM that has ended or is ending. */
const SILENT: readonly string[] = ['qmp-no-socket', 'qmp-refused', 'qmp-ended-early'];

/** ms for a process to end after its sockets are closed. */
const PROCESS_END_TIMEOUT = 2000;

/** Whether a VM that does not answer is gone. Its process decides; if the process is unknown, the VM is gone. */
async function isGone({ process }: Pick<JournalHead, 'process'>, signal: AbortSignal): Promise<boolean> {
  if (process === undefined) return true;
  using deadline = new Deadline(PROCESS_END_TIMEOUT, signal);
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

/** Recovers an interrupted start: ends a QEMU whose guest never ran; resumes a guest that may have run. */
async function recoverLaunch(entry: JournalEntry, host: HostAccess, operation: Operation): Promise<RecoveryOutcome> {
  const { vm } = entry.head;
  const { signal } = operation;
  const go = steps(entry).findIndex((step) => step.do === 'go');
  const launch = steps(entry).find((step) => step.do === 'launch');
  const record = host.registry.read(vm);
  const ours = record !== undefined && launch?.do === 'launch' && record.created === launch.created;
  const qemu = ours ? (record.qemu ?? startedOf(record, launch.uid ?? ownUid())) : undefined;
  if (qemu !== undefined && isAlive(qemu) && entry.stateOf(go) !== undefined) {
    await using qmp = await connectToVm(entry.head, host, signal);
    if (qmp !== undefined) {
      await qmp.execute('cont', undefined, { signal });
      return 'finished';
    }
  }
  operation.onProgress?.(`roll back an interrupted start (${printable(vm)})`);
  if (qemu !== undefined) await endProcess(qemu, { signal });
  else if (ours) await quitIfThere(entry, host, signal);
  if (ours) host.registry.removeIfDead(vm);
  return 'undone';
}

/** The QEMU process of a start whose record does not contain it yet. */
function startedOf({ name, startMark }: VmRecord, uid: number): ProcessIdentity | undefined {
  if (startMark === undefined) return undefined;
  const [started, ...others] = findStarted(startMark, uid);
  if (others.length === 0) return started;
  const pids = [started, ...others].flatMap((one) => one?.pid ?? []);
  throw fail('start-not-identified', { vm: name, file: startMark, pids });
}

/** Sends `quit` to the QEMU that answers in the folder of qplug's VM. Its process is unknown, so it gets no signal. */
async function quitIfThere({ head }: JournalEntry, host: HostAccess, signal: AbortSignal): Promise<void> {
  await using qmp = await connectToVm(head, host, signal);
  if (qmp === undefined) return;
  await qmp.execute('quit', undefined, { signal }).catch((error: unknown) => {
    if (!(error instanceof QmpClosedError)) throw error;
  });
  await qmp.closed;
}
