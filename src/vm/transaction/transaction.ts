import {
  awaitHostDrivers,
  type ClaimWish,
  claimOn,
  claimsFor,
  claimsOf,
  type HostAccess,
  inventoryOf,
  keyed,
  settleClaims,
  takeClaims,
} from '../../access/index.js';
import { parseTcpAddress, selfIdentity } from '../../base/index.js';
import type { HeldVmFile } from '../../config/index.js';
import { addFindings, type Finding, fail, finding, QplugError, throwErrors } from '../../diag/index.js';
import type { HostDevice, HostInventory, NodeGrant } from '../../host/index.js';
import { QmpClosedError, QmpCommandError, type QmpConnection } from '../../qmp/index.js';
import type { ClaimOwner, JournalEntry, JournalHead } from '../../registry/index.js';
import { type DevicesByBus, readNamed } from '../observe/index.js';
import type { Operation } from '../operation.js';
import {
  type AddStep,
  type ChangeStep,
  guestHasLeft,
  performStep,
  type Step,
  type StepContext,
  type StepEvent,
  tellStep,
  UNDO_TIMEOUT,
  type WriteStep,
} from '../steps/index.js';
import { explainFailure, notBack } from './failures.js';
import { grantFor, withGrants } from './grants.js';
import { returnCheck } from './return-check.js';
import { isUnusable, type PlacedStep, undoSteps } from './undo-steps.js';
import { differences, type Expected, expectedOf, goneSince } from './verify.js';

/** ms for the removal of one USB device; QEMU removes it within the command, and sends the event within 120 ms. */
export const REMOVAL_TIMEOUT = 10_000;

/** ms for each step after a state was saved or loaded; these steps ignore the caller's signal, so that the guest gets its devices back. */
const AFTER_STATE_TIMEOUT = 30_000;

/** An operation that also changes the VM's file, after all its other steps are verified: both change, or neither. */
export interface BothOperation extends Operation {
  readonly file?: FileWrite | undefined;
}

/** An open VM file, and its change, written to a temporary file beside it. */
export interface FileWrite {
  readonly held: HeldVmFile;
  readonly step: WriteStep;
}

/** The VM that a transaction changes, with an open monitor. */
export interface ChangedVm {
  readonly name: string;
  readonly owner: ClaimOwner;
  readonly qmp: QmpConnection;
  /** QEMU's last lines of output, if they can be read. */
  lastLines(): Promise<readonly string[]>;
}

/** Starts a VM, and ends it again, for a launch step. */
export interface Launch {
  /** The owner of its devices once it runs. */
  readonly owner: Pick<ClaimOwner, 'vm' | 'socket'>;
  /** @returns the VM, paused, with an open monitor */
  start(): Promise<ChangedVm>;
  /** Ends the VM, however far the start came. @returns the error to throw: if QEMU ended by itself, the reason for that */
  undo(cause: unknown): Promise<unknown>;
}

/** A change of a VM: its steps and their conditions. */
export interface TransactionRequest extends Pick<JournalHead, 'kind' | 'recover'> {
  readonly steps: readonly Step[];
  /** The inventory that the steps were planned with; undefined if they concern no host device. */
  readonly inventory?: HostInventory | undefined;
  /** Host devices that the VM gets, or that leave it for a time: reserved before the first step. */
  readonly claims?: readonly ClaimWish[] | undefined;
  /** Devices of QEMU's command line that must be in the VM after the steps. */
  readonly expected?: readonly Expected[] | undefined;
  /** Runs before QEMU saves or loads a state. Throws if that must not happen. */
  check?(signal: AbortSignal): Promise<void>;
}

/** The result of a transaction. */
export interface TransactionResult {
  /** Claims returned on the way, and devices that the VM lacks. */
  readonly findings: readonly Finding[];
  /** The inventory after the last step. */
  readonly after: HostInventory;
  /** Ids of optional devices that the VM lacks. */
  readonly without: ReadonlySet<string>;
}

/**
 * Changes a VM; no other code does. Claims the devices, writes all steps with their undo into the journal, performs them in order, reads
 * the result back from QEMU, and settles the claims accordingly.
 *
 *     claim -> journal -> steps -> verify -> go, write -> commit -> settle
 *                           |        |           |
 *                           +--------+-----------+--> undo (newest first) -> settle -> throw
 *
 * If a step fails, qplug undoes all finished steps, even after the caller's signal has aborted. There are two exceptions: qplug undoes an
 * optional step alone and reports it; and after a state was saved or loaded it tries all steps, because the former state is lost.
 *
 * If qplug is killed at any line, the next command finds the journal entry, and undoes or finishes it with the same undo (`recover`).
 *
 * @param vm - the open VM, or how the first step starts it
 * @throws QplugError with everything undone, or a finding for each step that could not be undone
 */
export async function changeVm(
  vm: ChangedVm | Launch,
  change: TransactionRequest,
  host: HostAccess,
  operation: BothOperation,
): Promise<TransactionResult> {
  return await new Transaction(vm, change, host, operation).run();
}

class Transaction {
  readonly #change: TransactionRequest;
  readonly #host: HostAccess;
  readonly #operation: BothOperation;
  readonly #launch: Launch | undefined;
  #vm: ChangedVm | undefined;
  #isEnded = false;
  #steps: readonly Step[];
  #entry: JournalEntry | undefined;
  #done: PlacedStep<Step>[] = [];
  /** All performed add steps that stay, including those that qplug no longer undoes. */
  readonly #added = new Set<AddStep>();
  readonly #without = new Set<Step>();
  readonly #findings: Finding[] = [];
  /** Errors of steps after the state was saved or loaded. */
  readonly #failed: unknown[] = [];
  #seen: { readonly actual: DevicesByBus; readonly after: HostInventory } | undefined;
  #isPastState = false;
  #spoiled = false;
  #isUnanswered = false;

  constructor(vm: ChangedVm | Launch, change: TransactionRequest, host: HostAccess, operation: BothOperation) {
    this.#change = change;
    this.#host = host;
    this.#operation = operation;
    [this.#vm, this.#launch] = 'qmp' in vm ? [vm, undefined] : [undefined, vm];
    this.#steps = change.steps;
  }

  async run(): Promise<TransactionResult> {
    const { kind, recover, steps } = this.#change;
    const { file } = this.#operation;
    const writes = file === undefined ? [] : [file.step];
    // before the claims: QEMU need not really have the devices that it shows
    this.#steps = [...(this.#vm === undefined ? steps : withGrants(steps, this.#vm.owner, this.#host)), ...writes];
    if (this.#vm !== undefined) await this.#claim();
    const owner = this.#vm?.owner ?? this.#launch?.owner;
    if (owner === undefined) throw new Error('neither a VM nor a way to start it');
    const unclaimed = this.#vm === undefined ? [] : this.#leftUnclaimed();
    const entry = await this.#begin({ format: 1, kind, ...owner, steps: this.#steps, recover });
    this.#entry = entry;
    try {
      for (const [index, step] of this.#steps.entries()) await this.#next({ step, index });
      await this.#verify();
      const [first] = this.#failed;
      if (first !== undefined) throw addFindings(first, this.#findings);
      entry.commit();
      // from here on nothing is undone: what is left concerns the host
      this.#done = [];
      this.#findings.push(...(await this.#settle()), ...(await awaitHostDrivers(unclaimed, this.#host)));
      const after = this.#seen?.after ?? inventoryOf(this.#host);
      return { findings: this.#findings, after, without: new Set([...this.#without].flatMap(idOf)) };
    } catch (error) {
      throw await this.#undo(error);
    } finally {
      // if QEMU gave no usable answer to the undo, the next command tries again
      if (this.#isUnanswered) entry.leave();
      else entry.end();
    }
  }

  /** Writes the journal entry. If that fails, the claims become what they were. */
  async #begin(head: JournalHead): Promise<JournalEntry> {
    try {
      // a power cut takes the VM with it, and the rights of device nodes
      const isLasting = this.#steps.some((step) => step.do !== 'add' && step.do !== 'remove');
      return this.#host.journal.begin(head, { isLasting });
    } catch (error) {
      throw addFindings(error, await this.#settle());
    }
  }

  get #open(): ChangedVm {
    if (this.#vm === undefined) throw new Error('the VM was not started');
    return this.#vm;
  }

  /** Claims all required devices or none of them; claims each optional device on its own. */
  async #claim(): Promise<void> {
    const { claims = [], inventory } = this.#change;
    const { owner } = this.#open;
    if (inventory === undefined) return;
    // a claim ends with its VM's process: at a port no socket file stands for an unknown one
    if (claims.length > 0 && owner.process === undefined && parseTcpAddress(owner.socket) !== undefined)
      throw fail('vm-process-unknown', { vm: owner.vm, socket: owner.socket });
    const must = claims.filter(({ optional }) => optional !== true);
    this.#findings.push(...(await takeClaims(claimsFor(must, owner, inventory), this.#host)));
    for (const wish of claims.filter(({ optional }) => optional === true)) {
      try {
        this.#findings.push(...(await takeClaims(claimsFor([wish], owner, inventory), this.#host)));
      } catch (error) {
        if (!(error instanceof QplugError)) throw error;
        const step = this.#steps.find((one) => one.do === 'add' && one.device.id === wish.id);
        if (step !== undefined) this.#goWithout(step, asWarnings(error));
      }
    }
    this.#markLeaving();
  }

  /** Marks the claims of devices that leave for good as `detaching`. */
  #markLeaving(): void {
    const ids = new Set(this.#steps.flatMap((step) => (step.do === 'remove' ? [step.target] : [])));
    for (const { id } of this.#change.claims ?? []) ids.delete(id);
    if (ids.size === 0) return;
    const now = { state: 'detaching', worker: selfIdentity(), since: new Date().toISOString() } as const;
    const leaving = claimsOf(this.#open.owner, this.#host).filter(({ device }) => ids.has(device));
    this.#host.claims.change(leaving, (claim) => ({ ...claim, ...now }));
  }

  async #next(placed: PlacedStep<Step>): Promise<void> {
    const { step } = placed;
    if (this.#without.has(step)) return;
    if (step.do === 'save-state' || step.do === 'load-state') await this.#change.check?.(this.#operation.signal);
    if (step.do === 'go' || step.do === 'write') await this.#verify();
    if (this.#isPastState) await this.#tryAfterState(placed);
    else if (step.do === 'add' && step.optional === true) await this.#tryOptional({ ...placed, step });
    else await this.#perform(placed, this.#operation.signal);
    this.#isPastState ||= step.do === 'save-state' || step.do === 'load-state';
    if (this.#isPastState) this.#done = [];
  }

  async #perform(placed: PlacedStep<Step>, signal: AbortSignal): Promise<void> {
    const { step, index } = placed;
    let begun = false;
    try {
      tellStep({ event: 'doing', step }, this.#operation.onProgress);
      signal.throwIfAborted();
      const grant = step.do === 'add' ? this.#grantFor(step) : undefined;
      this.#entry?.mark(index, 'doing', this.#launch === undefined ? undefined : grant);
      begun = true;
      await this.#carryOut(step.do === 'add' ? { ...step, grant } : step, signal);
    } catch (error) {
      const isRefused = error instanceof QmpCommandError;
      // QEMU loaded nothing if it refused the command
      if (begun && step.do === 'load-state' && !isRefused) this.#spoiled = true;
      // QEMU may still perform a command after an abort, or may have performed one with a wrong answer; it did not perform a refused one
      const isUnsure = step.do === 'launch' || signal.aborted || isUnusable(error);
      if (begun && isUnsure && !isRefused) this.#done.push(placed);
      throw await this.#explain(error, step);
    }
    this.#done.push(placed);
    if (step.do === 'add') this.#added.add(step);
    // if the journal can't be written, the step is undone
    this.#entry?.mark(index, 'done');
  }

  async #carryOut(step: Step, signal: AbortSignal): Promise<void> {
    if (step.do === 'launch') {
      this.#vm = await this.#launch?.start();
      await this.#claim();
    } else if (step.do === 'go') await this.#open.qmp.execute('cont', undefined, { signal });
    else {
      const { onProgress: tell } = this.#operation;
      await performStep(step, { ...this.#context, signal, removalTimeout: REMOVAL_TIMEOUT, tell });
    }
  }

  /** The user of a new QEMU is known only after its start. */
  #grantFor(step: AddStep): NodeGrant | undefined {
    return this.#launch === undefined ? step.grant : grantFor(step.device, this.#open.owner, this.#host);
  }

  get #context(): Omit<StepContext, 'signal'> {
    const { qmp, owner } = this.#open;
    const stays: StepContext['stays'] = (step) => returnCheck(step, owner.vm, this.#host);
    const { nodes, snapshots } = this.#host;
    return { qmp, nodes, snapshots, file: this.#operation.file?.held, stays };
  }

  async #explain(error: unknown, step: Step): Promise<unknown> {
    if (this.#vm === undefined) return error;
    return await explainFailure(error, step, this.#vm, () => inventoryOf(this.#host));
  }

  #goWithout(step: Step, findings: readonly Finding[]): void {
    this.#without.add(step);
    if (step.do === 'add') this.#added.delete(step);
    this.#findings.push(...findings);
  }

  /** Performs an optional step; if the device is not available, undoes only that step and reports it. */
  async #tryOptional(placed: PlacedStep<AddStep>): Promise<void> {
    const before = this.#done.splice(0);
    try {
      await this.#perform(placed, this.#operation.signal);
    } catch (error) {
      const isTheirs = error instanceof QplugError && !(error instanceof QmpClosedError);
      if (!isTheirs || this.#operation.signal.aborted) throw error;
      const told = await this.#undoDone(error);
      if (this.#isUnanswered) throw told;
      this.#goWithout(placed.step, told instanceof QplugError ? asWarnings(told) : []);
    } finally {
      this.#done.unshift(...before);
    }
  }

  /** Tries a step even if earlier ones failed, so that one failure does not keep the guest paused. */
  async #tryAfterState(placed: PlacedStep<Step>): Promise<void> {
    const { step } = placed;
    const isComingBack = step.do === 'add' && step.optional === true;
    try {
      const stays = isComingBack ? await this.#context.stays?.(step) : undefined;
      if (stays !== undefined) throw new QplugError([stays]);
      await this.#perform(placed, AbortSignal.timeout(AFTER_STATE_TIMEOUT));
    } catch (error) {
      if (error instanceof QmpClosedError) throw error;
      const told = await this.#undoDone(error);
      if (isComingBack) this.#goWithout(step, [notBack(step, this.#open.name, told)]);
      else this.#failed.push(told);
    }
  }

  /**
   * Reads the VM and the host, once, and compares them with the steps. Removes an optional device that is not as planned; any other
   * difference is an error.
   */
  async #verify(): Promise<void> {
    const added = [...this.#added].filter(({ megabits }) => megabits !== undefined);
    const { expected = [] } = this.#change;
    if (this.#seen !== undefined || added.length + expected.length === 0) return;
    if (this.#launch !== undefined) this.#operation.onProgress?.('read back and verify');
    const actual = await readNamed(this.#open.qmp, this.#ids, this.#operation.signal);
    const after = inventoryOf(this.#host);
    this.#seen = { actual, after };
    const findings = differences(expected, actual);
    for (const step of added) {
      const amiss = [...goneSince(step, after), ...differences([expectedOf(step)], actual)];
      const [first, ...more] = amiss;
      if (first === undefined) continue;
      if (step.optional !== true) findings.push(...amiss);
      else await this.#takeOutAgain(step, new QplugError([first, ...more]));
    }
    throwErrors(findings);
  }

  async #takeOutAgain(step: AddStep, why: QplugError): Promise<void> {
    const before = this.#done.splice(0);
    this.#done = before.filter((placed) => placed.step === step);
    const told = await this.#undoDone(why);
    this.#done = before.filter((placed) => placed.step !== step);
    if (this.#isUnanswered) throw told;
    this.#goWithout(step, told instanceof QplugError ? asWarnings(told) : []);
    // the topology is no longer current
    this.#seen = undefined;
  }

  async #undo(cause: unknown): Promise<unknown> {
    const told = await this.#undoDone(cause);
    this.#seen = undefined;
    return this.#isUnanswered ? told : addFindings(told, await this.#settle());
  }

  /** Undoes all finished steps. @returns the cause, followed by the steps that could not be undone, or by the reason why none was */
  async #undoDone(cause: unknown): Promise<unknown> {
    const done = this.#done.splice(0);
    if (done.length === 0 || this.#entry === undefined) return cause;
    if (this.#launch !== undefined && done.some(({ step }) => step.do === 'launch')) {
      this.#isEnded = true;
      return await this.#launch.undo(cause);
    }
    const steps = done.filter((placed): placed is PlacedStep => placed.step.do !== 'launch' && placed.step.do !== 'go');
    const final = await this.#final(steps);
    if (final !== undefined) {
      return addFindings(cause, [finding('migration-went-through', { migration: final.label })]);
    }
    const onStep = (event: StepEvent): void => tellStep(event, this.#operation.onProgress);
    const options = { entry: this.#entry, context: this.#context, spoiled: this.#spoiled, onStep };
    const { kept, left, isUnanswered } = await undoSteps(steps, options);
    this.#isUnanswered ||= isUnanswered;
    if (left.length === 0) return addFindings(cause, kept);
    const devices = left.map(({ step: { label } }) => label);
    const notUndone = finding('not-undone', { devices, ...(this.#isUnanswered ? { later: true } : {}) });
    return addFindings(cause, [...kept, notUndone]);
  }

  /** @returns the step that can't be undone, if there is one */
  async #final(steps: readonly PlacedStep[]): Promise<ChangeStep | undefined> {
    for (const { step } of steps) {
      try {
        if (await guestHasLeft(step, this.#open.qmp)) return step;
      } catch {
        // the undo asks again and reports the error
      }
    }
    return undefined;
  }

  /**
   * Settles the claims on all devices of the steps by the VM's actual state. Returned devices get back the driver of each interface.
   */
  async #settle(): Promise<Finding[]> {
    if (this.#vm === undefined) return [];
    const { owner, qmp } = this.#vm;
    const ids = this.#ids;
    const claims = claimsOf(owner, this.#host).filter(({ device }) => ids.includes(device));
    const findings: Finding[] = [];
    if (claims.length > 0) {
      const actual = this.#isEnded ? 'ended' : (this.#seen?.actual ?? (await readIfThere(qmp, this.#ids)));
      if (actual === 'unknown') return [];
      const after = this.#seen?.after ?? inventoryOf(this.#host);
      findings.push(...(await settleClaims(claims, actual === 'ended' ? undefined : actual, after, this.#host)));
    }
    return findings;
  }

  /** The ids of all devices that it concerns. */
  get #ids(): readonly string[] {
    const { claims = [], expected = [] } = this.#change;
    return [...new Set([...this.#steps.flatMap(idOf), ...[...claims, ...expected].map(({ id }) => id)])];
  }

  /** Devices that leave for good without a claim: their former drivers are unknown, so the kernel chooses drivers for them. */
  #leftUnclaimed(): HostDevice[] {
    const { inventory, claims: wishes = [] } = this.#change;
    const claims = claimsOf(this.#open.owner, this.#host);
    return this.#steps.flatMap((step) => {
      if (step.do !== 'remove' || step.identity === undefined) return [];
      if (wishes.some(({ id }) => id === step.target)) return [];
      const device = inventory && keyed(step.identity, inventory);
      return inventory === undefined || device === undefined || claimOn(device, inventory, claims) !== undefined
        ? []
        : [device];
    });
  }
}

/** @returns the id of the step's device in the VM */
function idOf(step: Step): string[] {
  return step.do === 'add' ? [step.device.id] : step.do === 'remove' ? [step.target] : [];
}

function asWarnings({ findings }: QplugError): Finding[] {
  return findings.map((one): Finding => ({ ...one, severity: 'warning' }));
}

/** @returns `ended` for a VM that is gone; `unknown` for one that does not answer, so that the next command asks it */
async function readIfThere(qmp: QmpConnection, ids: readonly string[]): Promise<DevicesByBus | 'ended' | 'unknown'> {
  try {
    return await readNamed(qmp, ids, AbortSignal.timeout(UNDO_TIMEOUT));
  } catch (error) {
    return error instanceof QmpClosedError && !isUnusable(error) ? 'ended' : 'unknown';
  }
}
