import { DEFAULT_HUB_PORTS, formatPort, negotiate, parsePort } from '../qdev/index.js';
import type { Problem } from './assign.js';
import { type Demand, inScope, isHub, isSlow } from './demand.js';
import type { Solution } from './score.js';
import { type Layout, type NewHub, newHub, type PlanPort, portName, takesHub } from './space.js';

/** Hubs to add together; one, or a chain that leads to a pinned port. */
export type HubMove = readonly NewHub[];

/**
 * The hubs worth trying next. A hub is best on the free port that is worth least: one that takes full speed and no more, near the
 * root. For a port that carries more can stand in for it, not the other way round; and a dearer site that seems better at first
 * only puts off what is lost. So that one is tried, and where pins tie devices to a controller, the like on that controller. Of
 * moves that are equally good the first is taken: hubs at pinned ports, which have no other place.
 *
 * @param wide - whether the least of each mask is tried: a dearer one may be on an earlier controller, and cost nothing in the end
 */
export function hubMoves(problem: Problem, { layout, given }: Solution, wide: boolean): HubMove[] {
  const sites = new Sites(problem, layout, given);
  const pinned: HubMove[] = [];
  const moves: HubMove[] = [];
  const tried = new Set<string>();
  problem.demands.forEach((demand, index) => {
    if (given[index] !== undefined) return;
    const { device, scope } = demand;
    if (scope.at === 'port') {
      pinned.push(...chainsTo(problem, layout, given, index));
    } else if (device.hubPorts !== undefined) {
      const kind = JSON.stringify([scope, device.mask, device.mandatory, device.hubPorts]);
      if (tried.has(kind)) return;
      tried.add(kind);
      for (const at of sites.best(wide, demand)) moves.push([newHub(at, device.hubPorts, index)]);
    }
  });
  if (problem.mayAddHubs) for (const at of sites.best(wide)) moves.push([newHub(at, DEFAULT_HUB_PORTS)]);
  return [...unlike(pinned), ...moves];
}

/** @returns the moves without repetitions: many devices may wait for the same hub */
function unlike(moves: readonly HubMove[]): HubMove[] {
  return [
    ...new Map(moves.map((move) => [move.map(({ at, demand }) => `${at.name} ${demand}`).join(), move])).values(),
  ];
}

/**
 * @param count - how many hubs at most
 * @returns hubs for unpinned devices, each on the port of least worth that is left when those before it are there
 */
export function bestHubs({ demands }: Problem, { free }: Layout, count: number): NewHub[] {
  const named = new Set(demands.flatMap(({ scope }) => (scope.at === 'port' ? [...scope.names] : [])));
  const sites = free.filter((port) => takesHub(port) && !named.has(port.name));
  const hubs: NewHub[] = [];
  while (hubs.length < count) {
    let least = -1;
    sites.forEach((port, i) => {
      const best = sites[least];
      if (best === undefined || worth(port) < worth(best)) least = i;
    });
    const at = sites[least];
    if (at === undefined) break;
    const hub = newHub(at, DEFAULT_HUB_PORTS);
    hubs.push(hub);
    sites.splice(least, 1, ...hub.children.filter((port) => takesHub(port) && !named.has(port.name)));
  }
  return hubs;
}

/** Up to so many pinned controllers are each looked at by themselves; of more, those where a slow device waits. */
const FEW = 4;

/** The free ports that take a hub, least worth first. */
class Sites {
  readonly #ports: readonly PlanPort[];
  readonly #named: ReadonlySet<string>;
  readonly #controllers: ReadonlySet<number>;

  /** Of these, where a device waits. */
  readonly #waiting: ReadonlySet<number>;

  constructor({ demands }: Problem, { free }: Layout, given: Solution['given'] = []) {
    const named = new Set<string>();
    const controllers = new Set<number>();
    const waiting = new Set<number>();
    demands.forEach((demand, i) => {
      const { scope } = demand;
      if (scope.at === 'port') for (const name of scope.names) named.add(name);
      if (scope.at !== 'controller') return;
      controllers.add(scope.controller);
      if (given[i] === undefined && isSlow(demand)) waiting.add(scope.controller);
    });
    this.#waiting = waiting;
    this.#named = named;
    this.#controllers = controllers;
    this.#ports = free
      .filter(takesHub)
      .map((port, order) => ({ port, order }))
      .sort((a, b) => worth(a.port) - worth(b.port) || a.order - b.order)
      .map(({ port }) => port);
  }

  /** A name for the controllers that are tried together. */
  #apart(controller: number): string {
    if (!this.#controllers.has(controller)) return 'any';
    return this.#controllers.size <= FEW || this.#waiting.has(controller) ? String(controller) : 'pinned';
  }

  /** The least (`wide`: of each mask) on each controller that a pin names, and on all others; ports that pins name are for them, and come last. */
  best(wide: boolean, hub?: Demand): PlanPort[] {
    const found = new Map<string, PlanPort>();
    for (const port of this.#ports) {
      if (hub !== undefined && !(inScope(hub.scope, port) && negotiate(hub.device.mask, port.mask) !== undefined))
        continue;
      const tied = this.#apart(port.controller);
      const kind = `${tied}${this.#named.has(port.name) ? ' named' : ''}${wide ? ` ${port.mask}` : ''}`;
      if (!found.has(kind)) found.set(kind, port);
    }
    return [...found.values()].sort((a, b) => Number(this.#named.has(a.name)) - Number(this.#named.has(b.name)));
  }
}

/** What is lost with a port, fewest first: its speeds are the high bits, then it is nearness to the root, then the controller. */
function worth({ mask, depth, controller }: PlanPort): number {
  return (mask * 64 + depth) * 4096 + controller;
}

/**
 * @returns the hubs that lead to the pinned port of a demand which is not there yet, for each controller that it may be on; for
 *   a hub, with the hub itself at the end. A hub that the user asked for at a port on the way is taken for it; any other that
 *   still has no place may be.
 */
function chainsTo(
  problem: Problem,
  layout: Layout,
  given: readonly (PlanPort | undefined)[],
  index: number,
): HubMove[] {
  const demand = problem.demands[index];
  if (demand === undefined || demand.scope.at !== 'port') return [];
  const numbers = parsePort(demand.scope.path);
  if (numbers === undefined) return [];
  const waiting = problem.demands.flatMap((other, i) =>
    i !== index && given[i] === undefined && isHub(other) ? [i] : [],
  );
  return demand.scope.controllers.flatMap((controller) => {
    const bus = layout.space.controllers[controller]?.bus ?? '';
    const end = isHub(demand) ? index : undefined;
    const fixed = waiting.filter((i) => problem.demands[i]?.scope.at === 'port');
    return [fixed, waiting].flatMap((use) => chainOf(problem, layout, bus, numbers, use, end));
  });
}

/**
 * @param waiting - hubs that may be links of the chain, as places in the list of demands
 * @param end - the demand that is to sit at the end, when it is a hub
 */
function chainOf(
  problem: Problem,
  layout: Layout,
  bus: string,
  numbers: readonly number[],
  waiting: readonly number[],
  end: number | undefined,
): HubMove[] {
  const pathTo = (length: number): string => formatPort(numbers.slice(0, length));
  const onTheWay = numbers.map((_, i) => layout.free.find(({ name }) => name === portName(bus, pathTo(i + 1))));
  const start = onTheWay.findIndex((port) => port !== undefined);
  const links = end === undefined ? numbers.length - 1 : numbers.length;
  if (start < 0 || start >= links) return [];
  const left = new Set(waiting);
  const chain: NewHub[] = [];
  let at = onTheWay[start];
  for (let i = start; i < links; i++) {
    const site = at;
    if (site === undefined || !takesHub(site)) return [];
    const demand = i === numbers.length - 1 ? end : linkAt(problem, site, numbers[i + 1] ?? 0, left);
    if (demand === undefined && !problem.mayAddHubs) return [];
    if (demand !== undefined) left.delete(demand);
    const ports = demand === undefined ? DEFAULT_HUB_PORTS : (problem.demands[demand]?.device.hubPorts ?? 0);
    const hub = newHub(site, ports, demand);
    chain.push(hub);
    at = hub.children.find(({ path }) => path === pathTo(i + 2));
  }
  return end === undefined && at === undefined ? [] : [chain];
}

/** @returns a hub without a place that may be the link at this port; one that is pinned there goes first */
function linkAt(problem: Problem, at: PlanPort, child: number, waiting: ReadonlySet<number>): number | undefined {
  const fitting = [...waiting].filter((i) => {
    const demand = problem.demands[i];
    return demand !== undefined && inScope(demand.scope, at) && (demand.device.hubPorts ?? 0) >= child;
  });
  return fitting.find((i) => problem.demands[i]?.scope.at === 'port') ?? fitting[0];
}
