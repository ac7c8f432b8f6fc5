import { isAlive } from '../base/index.js';
import { performFileChange, undoFileChange } from '../config/index.js';
import { type Finding, finding, printable, QplugError } from '../diag/index.js';
import { endProcess, findRunning } from '../launcher/index.js';
import { connect, QmpClosedError, QmpConnectError, type QmpConnection } from '../qmp/index.js';
import type { JournalEntry } from '../registry/index.js';
import type { HostAccess } from './host-access.js';
import type { Operation } from './operation.js';
import { redoStep, UNDO_TIMEOUT, undoStep } from './perform-step.js';
import type { ChangeStep, Step } from './step.js';
import { REMOVAL_TIMEOUT } from './transaction.js';

/** ms for a monitor that another client holds. */
const KNOCK = 3000;

type Outcome = 'undone' | 'finished' | 'vm-gone';

/**
 * Ends a transaction whose process died on the way: what was done is undone, or the rest is done, as its kind says. Each step is safe to
 * be undone or done again, so it does not matter where it was cut off.
 *
 * @param entry - taken over from the dead one; it is ended here, or left for the next command where the VM does not answer
 */
export async function recover(entry: JournalEntry, host: HostAccess, operation: Operation): Promise<Finding[]> {
  const { kind, vm } = entry.head;
  try {
    const left = entry.isCommitted ? [] : await recoverFile(entry, operation.signal);
    const outcome = await recoverSteps(entry, host, operation);
    entry.end();
    if (outcome === undefined) return left;
    const devices = steps(entry).flatMap((step, i) => (entry.stateOf(i) === undefined ? [] : [step.label]));
    return [finding('mended', { kind, vm, outcome, devices }, { severity: 'warning' }), ...left];
  } catch (error) {
    entry.leave();
    operation.signal.throwIfAborted();
    const reason = printable(error instanceof Error ? error.message : String(error));
    return [finding('not-mended', { kind, vm, reason }, { severity: 'warning' })];
  }
}

function steps({ head }: JournalEntry): readonly Step[] {
  return head.steps as readonly Step[];
}

/** @returns what became of it; undefined when nothing had been begun, or all was done */
async function recoverSteps(entry: JournalEntry, host: HostAccess, operation: Operation): Promise<Outcome | undefined> {
  const all = steps(entry);
  if (entry.isCommitted || all.every((_, i) => entry.stateOf(i) === undefined)) return undefined;
  if (all.some((step) => step.do === 'launch')) return await recoverLaunch(entry, host, operation);
  operation.onProgress?.(`mend a ${entry.head.kind} that was cut off (${printable(entry.head.vm)})`);
  const qmp = await reach(entry.head.socket, operation.signal);
  if (qmp === undefined) return 'vm-gone';
  try {
    const changes = all.filter(isChange);
    if (entry.head.recover === 'undo') await undoAll(entry, changes, qmp);
    else await finishAll(entry, changes, qmp, operation.signal);
    return entry.head.recover === 'undo' ? 'undone' : 'finished';
  } catch (error) {
    if (error instanceof QmpClosedError) return 'vm-gone';
    throw error;
  } finally {
    await qmp.close();
  }
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

async function undoAll(entry: JournalEntry, changes: readonly ChangeStep[], qmp: QmpConnection): Promise<void> {
  const signal = AbortSignal.timeout(UNDO_TIMEOUT);
  for (const [index, step] of [...changes.entries()].reverse()) {
    const state = entry.stateOf(index);
    if (state === undefined || state === 'undone') continue;
    entry.mark(index, 'undoing');
    await undoStep(step, { qmp, signal });
    entry.mark(index, 'undone');
  }
}

async function finishAll(
  entry: JournalEntry,
  changes: readonly ChangeStep[],
  qmp: QmpConnection,
  signal: AbortSignal,
): Promise<void> {
  for (const [index, step] of changes.entries()) {
    if (entry.stateOf(index) === 'done') continue;
    entry.mark(index, 'doing');
    await redoStep(step, { qmp, signal, removalTimeout: REMOVAL_TIMEOUT });
    entry.mark(index, 'done');
  }
}

/** @returns undefined when nobody listens: the VM is gone */
async function reach(socket: string, signal: AbortSignal): Promise<QmpConnection | undefined> {
  try {
    return await connect({ path: socket }, { signal, timeout: KNOCK, commandTimeout: UNDO_TIMEOUT });
  } catch (error) {
    const gone = error instanceof QmpConnectError && GONE.includes(error.code);
    if (gone) return undefined;
    throw error;
  }
}

const GONE: readonly string[] = ['qmp-no-socket', 'qmp-refused', 'qmp-ended-early'];

/** A start that was cut off: a guest that never ran is ended; one that may have run goes on. */
async function recoverLaunch(entry: JournalEntry, host: HostAccess, operation: Operation): Promise<Outcome> {
  const { vm, socket } = entry.head;
  const go = steps(entry).findIndex((step) => step.do === 'go');
  const launch = steps(entry).find((step) => step.do === 'launch');
  const record = host.registry.read(vm);
  const ours = record !== undefined && launch?.do === 'launch' && record.created === launch.created;
  const qemu = (ours ? record.qemu : undefined) ?? (record === undefined || ours ? findRunning(socket) : undefined);
  if (qemu !== undefined && isAlive(qemu) && entry.stateOf(go) !== undefined) {
    const qmp = await reach(socket, operation.signal);
    if (qmp !== undefined) {
      try {
        await qmp.execute('cont', undefined, { signal: operation.signal });
        return 'finished';
      } finally {
        await qmp.close();
      }
    }
  }
  operation.onProgress?.(`end a start that was cut off (${printable(vm)})`);
  if (qemu !== undefined) await endProcess(qemu, { signal: operation.signal });
  if (ours) host.registry.removeIfDead(vm);
  return 'undone';
}
