import { once } from './compute-once.js';
import { Draft, type DraftHub, mayHost } from './draft.js';
import { handOut } from './hand-out.js';
import { addedHub, chainOn, missingPorts, sitesOf, unlikeHubs, waitingHubs, worth } from './hub-sites.js';
import type { PlanningProblem } from './problem.js';
import { ADDED_HUBS, CROWDING, compareScores, DEVICE_FIGURES, LAST_PLACE, type Score, type Solution } from './score.js';
import { type Space, takesHub } from './space.js';
import { better, type Trial, Trials } from './trial.js';

/**
 * Finds the best hubs for a problem in a space. It descends first. It adds the hubs that named ports need, then many at once where many
 * devices wait, then single hubs, each where it improves the score most, as long as one does. In the end it takes back each hub that does
 * not help. Then, where that is little work, it tries all layouts of hubs that could be better.
 */
export function search(problem: PlanningProblem, space: Space): Solution {
  const trials = new Trials(problem, space);
  const found = new Search(trials).best();
  return { ...handOut(found.best), score: found.score };
}

/** How much work may go into trying all layouts: layouts × arcs of the network, and the number of layouts. */
const MOST_WORK = 40_000;
const MOST_LAYOUTS = 300;

/** If the number of layouts is more than this many times what may be tried, trying the first of them is not worth the work. */
const OUT_OF_REACH = 30;

/**
 * Up to this number of kinds of ports, each kind is tried as a place for a hub. Of more kinds, the search tries the least valuable one, the
 * first whose controller has two free slots, and the first of each controller on which devices wait.
 */
const FEW_KINDS = 40;

/**
 * How many controllers with waiting devices are tried at most in one step where there are many kinds of ports. For missing named ports the
 * limit is twice this.
 */
const MOST_MOVES = 12;

/** From this number of single ports on, hubs for all of them are tried before anything else. */
const MANY_NAMED = 20;

/** After this number of hubs, the search tries to take back only hubs of which at least half the ports are free. */
const MOST_TAKEN_BACK = 60;

class Search {
  readonly #trials: Trials;
  #none: Trial | undefined;
  #bound: Score | undefined;

  constructor(trials: Trials) {
    this.#trials = trials;
  }

  /** Without any hub. */
  get #bare(): Trial {
    this.#none ??= this.#trials.of([]);
    if (this.#none === undefined) throw new Error('no hubs always have a place');
    return this.#none;
  }

  best(): Trial {
    let now = this.#allHome();
    if (now === undefined) {
      if (!this.#mayGain(this.#bare)) return this.#bare;
      now = this.#withChains(this.#bare);
    }
    now = this.#inBulk(now);
    now = this.#oneByOne(now);
    now = this.#withoutIdle(now);
    return this.#all(now);
  }

  /**
   * Whether no layout of hubs could make a device better off. The bound takes a flow through the whole network; it is not needed where
   * every device figure is 0.
   */
  #isAtBound({ score }: Trial): boolean {
    if (score.every((figure, i) => i >= DEVICE_FIGURES || figure === 0)) return true;
    const { network } = this.#trials;
    this.#bound ??= this.#mayHub() ? Draft.bound(network, network.problem.demands.length) : [];
    return compareScores(score, this.#bound, DEVICE_FIGURES) <= 0;
  }

  #mayHub(): boolean {
    const { problem, hubs } = this.#trials.network;
    return problem.mayAddHubs || hubs.length > 0;
  }

  /** Whether a hub can improve a figure: one of the devices, crowding, or the last place. */
  #mayGain({ score }: Trial): boolean {
    return this.#mayHub() && score.some((figure, i) => i < ADDED_HUBS && figure > 0);
  }

  /** Where many ports are named behind hubs that do not exist: these hubs, if no other layout could make a device better off. */
  #allHome(): Trial | undefined {
    const { network } = this.#trials;
    if (!this.#mayHub() || network.ways.single.size < MANY_NAMED) return undefined;
    const all = this.#trials.of(this.#chains(Draft.empty(network)));
    return all !== undefined && this.#isAtBound(all) ? all : undefined;
  }

  /** All hubs that named ports need, at once. */
  #withChains(from: Trial): Trial {
    const hubs = this.#chains(from.draft);
    return hubs.length < 2 ? from : better(from, this.#trials.of(hubs));
  }

  #chains(draft: Draft): DraftHub[] {
    const { network } = this.#trials;
    const missing = missingPorts(draft);
    const chosen = new Map<number, DraftHub>();
    const { demands } = network.problem;
    const fixed = waitingHubs(draft).filter((index) => demands[index]?.scope.at === 'port');
    for (const { name, hub } of missing) {
      if (hub === undefined) continue;
      const site = network.singles.get(name) ?? -1;
      const [kind, demand] = [network.ports[site], demands[hub]];
      if (kind === undefined || demand === undefined || !mayHost(demand, kind)) continue;
      if (fixed.includes(hub) && !chosen.has(site)) {
        chosen.set(site, { site, ports: demand.device.hubPorts ?? 0, demand: hub });
      }
    }
    for (const { name, hub } of missing) {
      const links = (network.ways.chains.get(name) ?? []).map((link) => link.name);
      for (const one of chainOn(draft, links, { name, hub: undefined }, new Set()) ?? []) {
        if (hub === undefined && !chosen.has(one.site)) chosen.set(one.site, one);
      }
    }
    const once = new Set<number>();
    return [...chosen.values()]
      .filter(({ demand }) => demand === undefined || (!once.has(demand) && once.add(demand)))
      .sort((a, b) => (network.ports[a.site]?.depth ?? 0) - (network.ports[b.site]?.depth ?? 0));
  }

  /** Adds as many hubs at once as the waiting devices would fill. */
  #inBulk(from: Trial): Trial {
    const { network } = this.#trials;
    if (!network.problem.mayAddHubs) return from;
    let now = from;
    for (let part = 1; part <= 8; ) {
      const hubs = this.#bulk(now, part);
      if (hubs.length < 2) break;
      const next = this.#trials.of([...now.draft.hubs, ...hubs]);
      if (better(now, next) === now) part *= 2;
      else now = next ?? now;
    }
    return now;
  }

  #bulk({ draft, score }: Trial, part: number): DraftHub[] {
    const needs = needsOf(draft, score);
    const { ports } = draft.network;
    const hubs: DraftHub[] = [];
    const left = new Map<number, number>();
    const slots = new Map<number, number>();
    const all = sitesOf(draft);
    for (const site of all) {
      const kind = ports[site];
      if (kind === undefined) continue;
      left.set(site, draft.ports(site));
      slots.set(kind.controller, draft.freeSlots(kind.controller));
    }
    for (const [controller, need] of needs) {
      const sites = all.filter((site) => controller === ANY || ports[site]?.controller === controller);
      let count = Math.ceil(need / 8 / part);
      for (let rest = need; count > 0 && sites.length > 0; count--) {
        const [site = -1] = sites;
        const kind = ports[site];
        if (kind === undefined) break;
        const room = slots.get(kind.controller) ?? 0;
        if (kind.single !== undefined || kind.kept || room < 2 || (left.get(site) ?? 0) < 1) {
          sites.shift();
          count++;
          continue;
        }
        hubs.push(addedHub(site));
        left.set(site, (left.get(site) ?? 0) - 1);
        const filled = Math.min(8, rest, room - 1);
        rest -= filled;
        slots.set(kind.controller, room - 1 - filled);
        const child = draft.network.childKind(kind.controller, kind.depth + 1, false);
        const known = left.get(child);
        left.set(child, (known ?? draft.ports(child)) + 8);
        if (kind.depth + 1 <= 5 && !sites.includes(child)) {
          sites.push(child);
          sites.sort((a, b) => siteWorth(draft, a) - siteWorth(draft, b));
        }
      }
    }
    return hubs.sort((a, b) => (ports[a.site]?.depth ?? 0) - (ports[b.site]?.depth ?? 0));
  }

  #oneByOne(from: Trial): Trial {
    let now = from;
    while (this.#mayGain(now)) {
      let next = now;
      for (const move of this.#moves(now)) next = better(next, this.#trials.with(now, move));
      if (next === now) break;
      now = next;
    }
    return now;
  }

  /** The hubs worth trying next. Of equally good moves the first is taken, so hubs at named ports come first: they have no other place. */
  #moves({ draft, score }: Trial): DraftHub[][] {
    const { network } = draft;
    const { demands, mayAddHubs } = network.problem;
    const waiting = waitingHubs(draft);
    const fixed = new Set(waiting.filter((index) => demands[index]?.scope.at === 'port'));
    const moves: DraftHub[][] = [];
    for (const end of missingPorts(draft).slice(0, 2 * MOST_MOVES)) {
      const links = (network.ways.chains.get(end.name) ?? []).map(({ name }) => name);
      const plain = chainOn(draft, links, end, fixed);
      if (plain !== undefined && plain.length > 0) moves.push(plain);
      if (waiting.length === 0) continue;
      const other = chainOn(draft, links, end, new Set(waiting));
      if (other !== undefined && other.length > 0) moves.push(other);
    }
    const sites = sitesOf(draft);
    for (const index of unlikeHubs(network, waiting)) {
      const demand = demands[index];
      if (demand === undefined || demand.scope.at === 'port') continue;
      const fitting = sites.filter((site) => {
        const kind = network.ports[site];
        return kind !== undefined && mayHost(demand, kind);
      });
      for (const site of this.#few(draft, score, fitting)) {
        moves.push([{ site, ports: demand.device.hubPorts ?? 0, demand: index }]);
      }
    }
    if (mayAddHubs) for (const site of this.#few(draft, score, sites)) moves.push([addedHub(site)]);
    return moves;
  }

  #few(draft: Draft, score: Score, sites: readonly number[]): number[] {
    const { ports } = draft.network;
    if (ports.length <= FEW_KINDS) return [...sites];
    const found = new Set<number>(sites.slice(0, 1));
    const first = (test: (controller: number) => boolean): void => {
      const site = sites.find((one) => test(ports[one]?.controller ?? -1));
      if (site !== undefined) found.add(site);
    };
    first((controller) => draft.freeSlots(controller) >= 2);
    let tried = 0;
    for (const [waiting] of needsOf(draft, score)) {
      if (waiting === ANY || tried++ >= MOST_MOVES) continue;
      first((controller) => controller === waiting);
    }
    return [...found];
  }

  /**
   * Takes back hubs that hubs added later have made needless. If one hub is needed, all hubs like it are kept. After very many, only those
   * hubs are tried of which at least half the ports are free: the others were added for devices that waited.
   */
  #withoutIdle(from: Trial): Trial {
    let now = from;
    const needed = new Set<number>();
    let tried = 0;
    const atBound = once(() => this.#isAtBound(from));
    for (let i = now.draft.hubs.length - 1; i >= 0; i--) {
      const hub = now.draft.hubs[i];
      if (hub === undefined || hub.demand !== undefined || needed.has(hub.site)) continue;
      if (now.draft.isHomeOnly(i) && atBound()) continue;
      if (++tried > MOST_TAKEN_BACK && now.draft.freeBehind(i) < hub.ports / 2) continue;
      const without = this.#trials.without(now, i);
      const next = better(now, without);
      if (next === now) needed.add(hub.site);
      now = next;
    }
    return now;
  }

  /** Tries all layouts of hubs, those with fewer hubs first, until none can be better or the limit is reached. */
  #all(from: Trial): Trial {
    const { network } = this.#trials;
    const { demands, mayAddHubs } = network.problem;
    const arcs = network.ports.length * (1 + network.pools.length) + network.devices.length * 4;
    const order = network.ports
      .map((kind, site) => ({ kind, site }))
      .filter(({ kind }) => takesHub(kind))
      .sort((a, b) => a.kind.depth - b.kind.depth || worth(a.kind) - worth(b.kind) || a.site - b.site)
      .map(({ site }) => site);
    const layouts = Math.min(MOST_LAYOUTS, Math.floor(MOST_WORK / arcs));
    if (layoutsOf(order.length, from.draft.hubs.length) > layouts * OUT_OF_REACH) return from;
    const most = this.#trials.count + layouts;
    let best = from;
    /** Each layout comes with the place in the order from which it may be extended, so that no layout is tried twice. */
    let level: { trial: Trial; next: number; asked: number }[] = [{ trial: this.#bare, next: 0, asked: -1 }];
    while (level.length > 0) {
      const deeper: typeof level = [];
      for (const { trial, next, asked } of level) {
        const done = this.#isAtBound(best) && (best.score[CROWDING] ?? 0) === 0 && (best.score[LAST_PLACE] ?? 0) === 0;
        const mayAdd = mayAddHubs && !(done && (trial.score[ADDED_HUBS] ?? 0) >= (best.score[ADDED_HUBS] ?? 0));
        const waiting = unlikeHubs(network, waitingHubs(trial.draft));
        for (let place = next; place < order.length; place++) {
          const site = order[place] ?? -1;
          const kind = network.ports[site];
          if (kind === undefined || !trial.draft.takesHub(site)) continue;
          const hosted = waiting.filter((index) => {
            const demand = demands[index];
            return demand !== undefined && (place > next || index > asked) && mayHost(demand, kind);
          });
          const hubs = hosted.map((index) => ({ site, ports: demands[index]?.device.hubPorts ?? 0, demand: index }));
          for (const hub of mayAdd ? [...hubs, addedHub(site)] : hubs) {
            if (this.#trials.count >= most) return best;
            const more = this.#trials.with(trial, [hub]);
            if (more === undefined) continue;
            best = better(best, more);
            deeper.push({ trial: more, next: place, asked: hub.demand ?? Number.POSITIVE_INFINITY });
          }
        }
      }
      level = deeper;
    }
    return best;
  }
}

/** @returns the number of ways to distribute hubs over kinds of ports */
function layoutsOf(kinds: number, hubs: number): number {
  let ways = 1;
  for (let n = 1; n <= hubs; n++) ways = (ways * (kinds + n - 1)) / n;
  return ways;
}

/** Stands for all controllers in place of one. */
const ANY = -1;

function siteWorth({ network }: Draft, site: number): number {
  const kind = network.ports[site];
  return kind === undefined ? 0 : worth(kind);
}

/**
 * @returns how many devices would gain from a port behind a hub, by the controller that they are pinned to; devices that are not pinned
 *   come last
 */
function needsOf({ network, flow }: Draft, score: Score): Map<number, number> {
  const needs = new Map<number, number>();
  const crowding = (score[CROWDING] ?? 0) + (score[LAST_PLACE] ?? 0);
  let any = 0;
  for (const { sample, places, nowhere } of network.devices) {
    const { scope, device } = sample;
    if (scope.at === 'port' || scope.at === 'nowhere' || device.mask === 0) continue;
    let need = nowhere === undefined ? 0 : flow.flow(nowhere.arc);
    for (const { arc, mask } of places) {
      const count = flow.flow(arc);
      if (count > 0 && (crowding > 0 || device.slower === 'allow') && mask > 3) need += Math.min(count, crowding);
    }
    if (need === 0) continue;
    if (scope.at === 'any') any += need;
    else needs.set(scope.controller, (needs.get(scope.controller) ?? 0) + need);
  }
  if (any > 0) needs.set(ANY, any);
  return needs;
}
