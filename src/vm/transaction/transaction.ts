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
import { selfIdentity } from '../../base/index.js';
import { addFindings, type Finding, finding, QplugError, throwErrors } from '../../diag/index.js';
import type { HostDevice, HostInventory, NodeGrant } from '../../host/index.js';
import type { Topology } from '../../qdev/index.js';
import { QmpClosedError, QmpCommandError, type QmpConnection } from '../../qmp/index.js';
import type { ClaimOwner, JournalEntry, JournalHead } from '../../registry/index.js';
import { readTopology } from '../observe/index.js';
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
} from '../steps/index.js';
import { explainFailure, notBack } from './failures.js';
import type { BothOperation } from './file-write.js';
import { grantFor, withGrants } from './grants.js';
import { returnCheck } from './return-check.js';
import { isUnusable, type PlacedStep, undoSteps } from './undo-steps.js';
import { differences, type Expected, expectedOf, goneSince } from './verify.js';

/** ms that the removal of one USB device may take; QEMU does it within the command, and tells within 120 ms. */
export const REMOVAL_TIMEOUT = 10_000;

/** ms for each step after a state was saved or loaded, whatever the caller's signal says: a guest is not left half way. */
const AFTER_STATE_TIMEOUT = 30_000;

/** The VM that a transaction changes, its monitor in hand. */
export interface ChangedVm {
  readonly name: string;
  readonly owner: ClaimOwner;
  readonly qmp: QmpConnection;
  /** QEMU's last words, where they can be read. */
  lastLines(): Promise<readonly string[]>;
}

/** How a VM is started, and ended again, where a step does that. */
export interface Launch {
  /** As whom it owns devices once it runs. */
  readonly owner: Pick<ClaimOwner, 'vm' | 'socket'>;
  /** @returns the VM, paused, with its monitor in hand */
  start(): Promise<ChangedVm>;
  /** Ends it, however far the start came. @returns the error to throw: why it ended by itself, if it did */
  undo(cause: unknown): Promise<unknown>;
}

/** What is to become of a VM: its steps say it. */
export interface Change extends Pick<JournalHead, 'kind' | 'recover'> {
  readonly steps: readonly Step[];
  /** The host, as the steps were worked out from; undefined where they are about no device of it. */
  readonly inventory?: HostInventory | undefined;
  /** Devices of the host that the VM gets, or that leave it for a time: nobody else can have them from before the first step on. */
  readonly claims?: readonly ClaimWish[] | undefined;
  /** What has to be in the VM as well when the steps are done: what its command line makes. */
  readonly expected?: readonly Expected[] | undefined;
  /** Asked before a state is saved or loaded. Throws where that must not be. */
  check?(signal: AbortSignal): Promise<void>;
}

/** What came of a transaction. */
export interface Changed {
  /** What was mended on the way, and what the VM goes without. */
  readonly findings: readonly Finding[];
  /** The host when all was done. */
  readonly after: HostInventory;
  /** Ids of optional devices that the VM goes without. */
  readonly without: ReadonlySet<string>;
}

/**
 * Changes a VM: the one way in which anything is changed. Claims the devices, writes all steps with their undo into the journal, does
 * them in order, reads back what QEMU did, and settles the claims by what the VM shows.
 *
 *     claim -> journal -> steps -> verify -> go, write -> commit -> settle
 *                           |        |           |
 *                           +--------+-----------+--> undo (newest first) -> settle -> throw
 *
 * A step that fails ends it: all that was done is undone, whatever the caller's signal says. Two kinds of steps do not: an optional one is
 * undone by itself and told, and after a state was saved or loaded all steps are tried, since nothing brings back what was before.
 *
 * Killed at any line, the next command finds the entry, and undoes or finishes it with the same undo (`recover`).
 *
 * @param vm - how it is started, where the first step does that
 * @throws QplugError with everything undone, or a finding for what could not be
 */
export async function changeVm(
  vm: ChangedVm | Launch,
  change: Change,
  host: HostAccess,
  operation: BothOperation,
): Promise<Changed> {
  return await new Transaction(vm, change, host, operation).run();
}

class Transaction {
  readonly #change: Change;
  readonly #host: HostAccess;
  readonly #operation: BothOperation;
  readonly #launch: Launch | undefined;
  #vm: ChangedVm | undefined;
  #isEnded = false;
  #steps: readonly Step[];
  #entry: JournalEntry | undefined;
  #done: PlacedStep<Step>[] = [];
  /** All that were done and stay, those included that are not undone any more. */
  readonly #added = new Set<AddStep>();
  readonly #without = new Set<Step>();
  readonly #findings: Finding[] = [];
  /** Errors of steps after the state was saved or loaded. */
  readonly #failed: unknown[] = [];
  #seen: { readonly actual: Topology; readonly after: HostInventory } | undefined;
  #isPastState = false;
  #spoiled = false;
  #isUnanswered = false;

  constructor(vm: ChangedVm | Launch, change: Change, host: HostAccess, operation: BothOperation) {
    this.#change = change;
    this.#host = host;
    this.#operation = operation;
    [this.#vm, this.#launch] = 'qmp' in vm ? [vm, undefined] : [undefined, vm];
    this.#steps = change.steps;
  }

  async run(): Promise<Changed> {
    const { kind, recover, steps } = this.#change;
    const { file } = this.#operation;
    const writes = file === undefined ? [] : [file.step];
    // worked out before anything is claimed: what QEMU says it has it need not have
    this.#steps = [...(this.#vm === undefined ? steps : withGrants(steps, this.#vm.owner, this.#host)), ...writes];
    if (this.#vm !== undefined) await this.#claim();
    const owner = this.#vm?.owner ?? this.#launch?.owner;
    if (owner === undefined) throw new Error('neither a VM nor a way to start it');
    const unclaimed = this.#vm === undefined ? [] : this.#leftUnclaimed();
    const entry = this.#host.journal.begin({ format: 1, kind, ...owner, steps: this.#steps, recover });
    this.#entry = entry;
    try {
      for (const [index, step] of this.#steps.entries()) await this.#next({ step, index });
      await this.#verify();
      const [first] = this.#failed;
      if (first !== undefined) throw addFindings(first, this.#findings);
      entry.commit();
      this.#findings.push(...(await this.#settle()), ...(await awaitHostDrivers(unclaimed, this.#host)));
      const after = this.#seen?.after ?? inventoryOf(this.#host);
      return { findings: this.#findings, after, without: new Set([...this.#without].flatMap(idOf)) };
    } catch (error) {
      throw await this.#undo(error);
    } finally {
      // without a usable answer to its undo the next command tries again
      if (this.#isUnanswered) entry.leave();
      else entry.end();
    }
  }

  get #open(): ChangedVm {
    if (this.#vm === undefined) throw new Error('the VM was not started');
    return this.#vm;
  }

  /** All that the VM must have or none; each that it can do without by itself. */
  async #claim(): Promise<void> {
    const { claims = [], inventory } = this.#change;
    const { owner } = this.#open;
    if (inventory === undefined) return;
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

  /** What leaves for good is shown as on its way. */
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
      // a command that QEMU refused has loaded nothing
      if (begun && step.do === 'load-state' && !isRefused) this.#spoiled = true;
      // a command given up may still be carried out by QEMU, and one with a wrong answer may have been; one that was refused not
      const isUnsure = step.do === 'launch' || signal.aborted || isUnusable(error);
      if (begun && isUnsure && !isRefused) this.#done.push(placed);
      throw await this.#explain(error, step);
    }
    this.#done.push(placed);
    if (step.do === 'add') this.#added.add(step);
    // what can't be written down is undone
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

  /** Of a VM that was only just started it was not known before as whom it opens files. */
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

  /** An optional device that can't be had is undone by itself, and told. */
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

  /** Each step is tried, whatever became of those before, so that a guest does not stand still for one of them. */
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
   * Reads the VM and the host back, once, and holds them against the steps. An optional device that is not as planned is taken out again;
   * any other ends all.
   */
  async #verify(): Promise<void> {
    const added = [...this.#added].filter(({ megabits }) => megabits !== undefined);
    const { expected = [] } = this.#change;
    if (this.#seen !== undefined || added.length + expected.length === 0) return;
    if (this.#launch !== undefined) this.#operation.onProgress?.('read back and verify');
    const actual = await readTopology(this.#open.qmp, this.#operation.signal);
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
    // what was read is not so any more
    this.#seen = undefined;
  }

  async #undo(cause: unknown): Promise<unknown> {
    const told = await this.#undoDone(cause);
    this.#seen = undefined;
    return this.#isUnanswered ? told : addFindings(told, await this.#settle());
  }

  /** Undoes what was done so far. @returns the cause, followed by what could not be undone, or why nothing was */
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

  /** @returns a step that has happened for good */
  async #final(steps: readonly PlacedStep[]): Promise<ChangeStep | undefined> {
    for (const { step } of steps) {
      try {
        if (await guestHasLeft(step, this.#open.qmp)) return step;
      } catch {
        // what it was asked in vain the undo asks again, and tells
      }
    }
    return undefined;
  }

  /**
   * Makes the claims on all that the steps are about what the VM shows, and sees that the host has its own again, each interface with the
   * driver that it had.
   */
  async #settle(): Promise<Finding[]> {
    if (this.#vm === undefined) return [];
    const { owner, qmp } = this.#vm;
    const ids = new Set([...this.#steps.flatMap(idOf), ...(this.#change.claims ?? []).map(({ id }) => id)]);
    const claims = claimsOf(owner, this.#host).filter(({ device }) => ids.has(device));
    const findings: Finding[] = [];
    if (claims.length > 0) {
      const actual = this.#isEnded ? 'ended' : (this.#seen?.actual ?? (await readIfThere(qmp)));
      if (actual === 'unknown') return [];
      const after = this.#seen?.after ?? inventoryOf(this.#host);
      findings.push(...(await settleClaims(claims, actual === 'ended' ? undefined : actual, after, this.#host)));
    }
    return findings;
  }

  /** What left for good and nobody had claimed: which drivers it had is not known, so it gets those that the kernel has for it. */
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

/** @returns the id in the VM that a step is about */
function idOf(step: Step): string[] {
  return step.do === 'add' ? [step.device.id] : step.do === 'remove' ? [step.target] : [];
}

function asWarnings({ findings }: QplugError): Finding[] {
  return findings.map((one): Finding => ({ ...one, severity: 'warning' }));
}

/** A VM that is gone has nothing; one that does not answer is asked by the next command. */
async function readIfThere(qmp: QmpConnection): Promise<Topology | 'ended' | 'unknown'> {
  try {
    return await readTopology(qmp, AbortSignal.timeout(UNDO_TIMEOUT));
  } catch (error) {
    return error instanceof QmpClosedError && !isUnusable(error) ? 'ended' : 'unknown';
  }
}
