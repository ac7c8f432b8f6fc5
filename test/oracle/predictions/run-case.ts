import { type QemuVersion, type Topology, unplacedDevices } from '../../../src/qdev/index.js';
import { OracleQemu } from '../harness/oracle-qemu.js';
import type { Ask, Kind, OracleCase, PlanAsk } from './case.js';
import { classOf } from './classify.js';
import { addForeign, perform, type Seen, takeAway } from './perform.js';
import { differencesOf, pictureOf } from './picture.js';
import { claimsOf, planned, requestOf } from './plans.js';
import { afterwards, type Outcome, predict, predictStart, type Surroundings } from './predict.js';
import { machineArgs } from './spell.js';

/** A prediction that was wrong. */
export interface Difference {
  readonly kind: Kind;
  /** Only what is needed to repeat it. */
  readonly case: OracleCase;
  /** In words, one line each. */
  readonly lines: readonly string[];
}

/** Counts one comparison; `wrong` where the two were not equal. */
export type Count = (kind: Kind, wrong?: Difference) => void;

/** The facts about a release before it gets a case. */
export interface Release {
  readonly name: string;
  readonly version: QemuVersion;
  readonly drivers: ReadonlySet<string>;
}

/** Asks one QEMU of a release every question of a case, and a new QEMU for each plan at launch, and compares. */
export async function runCase(asked: OracleCase, release: Release, count: Count, signal: AbortSignal): Promise<void> {
  try {
    await new CaseRun(asked, release, count, signal).run();
  } catch (error) {
    signal.throwIfAborted();
    // QEMU has ended, or gave an unexpected answer; the question is not known here.
    count('reading', { kind: 'reading', case: asked, lines: [error instanceof Error ? error.message : String(error)] });
  }
}

const kindOf = (ask: Ask): Kind => (ask.add === 'controller' ? 'controller' : ask.device.kind);

class CaseRun {
  readonly #case: OracleCase;
  readonly #release: Release;
  readonly #count: Count;
  readonly #signal: AbortSignal;
  readonly #surroundings: Surroundings;

  constructor(asked: OracleCase, release: Release, count: Count, signal: AbortSignal) {
    this.#case = asked;
    this.#release = release;
    this.#count = count;
    this.#signal = signal;
    this.#surroundings = { version: release.version, host: asked.host, drivers: release.drivers };
  }

  async run(): Promise<void> {
    const predicted = await predictStart(this.#case, this.#release.version);
    const qemu = await this.#start([], this.#case.controllers);
    const bare = { ...this.#only({}), foreign: [] };
    if ('refused' in predicted || 'refused' in qemu) {
      const seen = 'refused' in qemu ? qemu : { refused: 'nothing' };
      const said = 'refused' in predicted ? predicted.refused : 'nothing';
      this.#compare('start', bare, [`refused: predicted ${said}, seen ${seen.refused}`], said === seen.refused);
      if (!('refused' in qemu)) await qemu[Symbol.asyncDispose]();
      return;
    }
    await using running = qemu;
    const seen = await running.observe();
    if (!this.#same('start', bare, predicted, seen)) return;
    const own = await this.#fixtures(running, predicted);
    const topology = own && (await this.#others(running, own));
    if (topology === undefined) return;
    for (const probe of this.#case.probes) await this.#probe(running, topology, probe);
    let now = topology;
    for (const ask of this.#case.plans) {
      if (ask.at === 'live') now = await this.#planLive(running, now, ask);
      else await this.#planAtLaunch(predicted, ask);
    }
  }

  async #start(
    asks: readonly Ask[],
    controllers: OracleCase['controllers'],
  ): Promise<OracleQemu | { refused: string; words: string }> {
    this.#signal.throwIfAborted();
    const args = machineArgs({ ...this.#case, controllers }, asks, this.#release.version);
    const options = { release: this.#release.name, args, host: this.#case.host, signal: this.#signal };
    try {
      return await OracleQemu.start(options);
    } catch (error) {
      this.#signal.throwIfAborted();
      const words = error instanceof Error ? error.message : String(error);
      return { refused: classOf(words, 'start'), words };
    }
  }

  /** The case with only these questions. */
  #only(questions: Partial<Pick<OracleCase, 'before' | 'probes' | 'plans'>>): OracleCase {
    const { before = [], probes = [], plans = [] } = questions;
    const asks = [...before, ...probes].flatMap((ask) => (ask.add === 'device' ? [ask.device] : []));
    const wishes = [...asks, ...plans.flatMap(({ devices }) => devices.map(({ wish }) => wish))];
    const host = this.#case.host.filter(({ bus, address }) =>
      wishes.some((wish) => wish.kind === 'host' && wish.bus === bus && wish.address === address),
    );
    return { ...this.#case, host, before, probes, plans };
  }

  #compare(kind: Kind, asked: OracleCase, lines: readonly string[], equal: boolean): boolean {
    if (equal) this.#count(kind);
    else this.#count(kind, { kind, case: asked, lines });
    return equal;
  }

  #same(kind: Kind, asked: OracleCase, expected: Topology, seen: Topology): boolean {
    const lines = differencesOf(pictureOf(expected), pictureOf(seen));
    return this.#compare(kind, asked, lines, lines.length === 0);
  }

  #kept(kind: Kind, asked: OracleCase, expected: Outcome, { outcome, words }: Seen, more: string): boolean {
    const [a, b] = [JSON.stringify(expected), JSON.stringify(outcome)];
    return this.#compare(
      kind,
      asked,
      [more, `predicted ${a}`, `seen      ${b}`, ...(words === undefined ? [] : [words])],
      a === b,
    );
  }

  /** @returns the machine after that; undefined if a prediction was wrong, since no more can then be predicted */
  async #fixtures(qemu: OracleQemu, start: Topology): Promise<Topology | undefined> {
    let topology = start;
    for (const [i, ask] of this.#case.before.entries()) {
      const outcome = predict(topology, ask, this.#surroundings);
      const seen = await this.#perform(qemu, ask);
      const asked = { ...this.#only({ before: this.#case.before.slice(0, i + 1) }), foreign: [] };
      if (!this.#kept(kindOf(ask), asked, outcome, seen, JSON.stringify(ask))) return undefined;
      topology = afterwards(topology, ask, outcome);
    }
    if (this.#case.before.length === 0) return topology;
    const asked = this.#only({ before: this.#case.before });
    return this.#same('reading', asked, topology, await qemu.observe()) ? topology : undefined;
  }

  /** @returns the machine after another user's changes, as read back; every device must have a port in it */
  async #others(qemu: OracleQemu, topology: Topology): Promise<Topology | undefined> {
    const { foreign = [] } = this.#case;
    if (foreign.length === 0) return topology;
    for (const one of foreign) await addForeign(qemu, one);
    const seen = await qemu.observe();
    const open = seen.controllers.flatMap((controller) => unplacedDevices(controller).map(({ driver }) => driver));
    const asked = this.#only({ before: this.#case.before });
    return this.#compare('reading', asked, [`no port is known of ${open.join(', ')}`], open.length === 0)
      ? seen
      : undefined;
  }

  #perform(qemu: OracleQemu, ask: Ask): Promise<Seen> {
    this.#signal.throwIfAborted();
    return perform(qemu, ask);
  }

  /** Adds a device and removes it again. A controller would stay, so tries only one that QEMU refuses. */
  async #probe(qemu: OracleQemu, topology: Topology, ask: Ask): Promise<void> {
    const outcome = predict(topology, ask, this.#surroundings);
    if (ask.add === 'controller' && !('refused' in outcome)) return;
    const seen = await this.#perform(qemu, ask);
    this.#kept(
      kindOf(ask),
      this.#only({ before: this.#case.before, probes: [ask] }),
      outcome,
      seen,
      JSON.stringify(ask),
    );
    if (ask.add === 'device' && !('refused' in seen.outcome)) await takeAway(qemu, ask.id);
  }

  /** @returns the machine without the devices again; added controllers stay */
  async #planLive(qemu: OracleQemu, topology: Topology, ask: PlanAsk): Promise<Topology> {
    const asked = this.#only({ before: this.#case.before, plans: [ask] });
    const { plan, asks } = planned(requestOf(ask, topology, this.#case.machine, this.#surroundings), ask);
    const added: string[] = [];
    for (const step of asks) {
      const seen = await this.#perform(qemu, step);
      if ('refused' in seen.outcome) {
        this.#compare(
          'plan-live',
          asked,
          [JSON.stringify(step), `refused: ${seen.words ?? seen.outcome.refused}`],
          false,
        );
        break;
      }
      if (step.add === 'device') added.unshift(step.id);
    }
    if (added.length === asks.filter(({ add }) => add === 'device').length) {
      if (this.#same('plan-live', asked, plan.after, await qemu.observe())) await this.#claims(qemu, asked, plan, ask);
    }
    // The next plan may give a hub the same id.
    await qemu.remove(...added);
    return plan.controllers.length === 0
      ? topology
      : asks.reduce((now, step) => (step.add === 'controller' ? afterwards(now, step, { added: '' }) : now), topology);
  }

  async #planAtLaunch(start: Topology, ask: PlanAsk): Promise<void> {
    const asked = this.#only({ before: this.#case.before, plans: [ask] });
    let topology = start;
    const before: Ask[] = [];
    for (const one of this.#case.before) {
      const outcome = predict(topology, one, this.#surroundings);
      if ('refused' in outcome) continue;
      topology = afterwards(topology, one, outcome);
      before.push(one);
    }
    const { plan, asks } = planned(requestOf(ask, topology, this.#case.machine, this.#surroundings), ask);
    const qemu = await this.#start([...before, ...asks], this.#case.controllers);
    if ('refused' in qemu) {
      this.#compare('plan-launch', asked, [`refused: ${qemu.words}`], false);
      return;
    }
    await using running = qemu;
    if (this.#same('plan-launch', asked, plan.after, await running.observe()))
      await this.#claims(running, asked, plan, ask);
  }

  async #claims(
    qemu: OracleQemu,
    asked: OracleCase,
    plan: Parameters<typeof claimsOf>[0],
    ask: PlanAsk,
  ): Promise<void> {
    for (const claim of claimsOf(plan, ask)) {
      const seen = await this.#perform(qemu, claim.ask);
      this.#kept('verdict', asked, claim.outcome, seen, `${claim.said}, ${JSON.stringify(claim.ask)}`);
      if (claim.ask.add === 'device' && !('refused' in seen.outcome)) await takeAway(qemu, claim.ask.id);
    }
  }
}
