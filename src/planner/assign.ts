import { FULL, HIGH, type SpeedMask, SUPER } from '../qdev/index.js';
import { type Demand, type DemandGroup, inScope, isSlow, mayCrowd, stepsBelowNative } from './demand.js';
import { type Cost, MinCostFlow } from './min-cost-flow.js';
import { comparePlanPorts, fastness, type Layout, type PlanPort } from './space.js';

/** Free ports of one controller that are alike for everything but their numbers; ascending, the first stands for all. */
type PortRun = [PlanPort, ...PlanPort[]];

/** Runs that are alike for every device; ascending. Only the order of controllers tells them apart. */
type PortClass = [PortRun, ...PortRun[]];

/** What is asked, and what does not change while hubs are tried. */
export interface Problem {
  readonly demands: readonly Demand[];
  readonly groups: readonly DemandGroup[];
  /** Fast ports to keep free. */
  readonly reserve: number;
  /** Whether hubs may be added: else there is no place to send a slow device instead, and the reserve decides nothing. */
  readonly mayAddHubs: boolean;
}

/**
 * @param sparing - whether slow devices that crowd (all that are not pinned to a port) are spared fast ports, and ports at all,
 *   before anything that is said of the ports: right where the plan crowds, and only there
 * @returns the port of each demand by its place in the list; undefined where it got none. Hubs stand where the layout has them.
 */
export function assign(problem: Problem, layout: Layout, sparing = false): (PlanPort | undefined)[] {
  const given: (PlanPort | undefined)[] = problem.demands.map(() => undefined);
  for (const hub of layout.hubs) if (hub.demand !== undefined) given[hub.demand] = hub.at;

  const classes = portClasses(problem, layout);
  const flows = solve(problem.groups, classes, sparing);
  const takers = classes.map((): number[] => []);
  problem.groups.forEach(({ members }, g) => {
    let next = 0;
    for (const [c, amount] of flows.byGroup[g] ?? []) {
      takers[c]?.push(...members.slice(next, next + amount));
      next += amount;
    }
  });
  takers.forEach((demands, c) => {
    const ports = classes[c]?.flatMap((run, r) => run.slice(0, flows.byRun[c]?.[r])) ?? [];
    demands
      .sort((a, b) => a - b)
      .forEach((demand, i) => {
        given[demand] = ports[i];
      });
  });
  return given;
}

function portClasses({ groups }: Problem, { free }: Layout): PortClass[] {
  const named = new Set<string>();
  const tied = new Set<number>();
  for (const { sample } of groups) {
    if (sample.scope.at === 'controller') tied.add(sample.scope.controller);
    if (sample.scope.at === 'port') for (const name of sample.scope.names) named.add(name);
  }
  /** Whether a pin names a port that would do for its device: then the port is a class of its own. */
  const wanted = (port: PlanPort): boolean =>
    named.has(port.name) &&
    groups.some(
      ({ sample: { device, scope } }) =>
        scope.at === 'port' && scope.names.has(port.name) && stepsBelowNative(device, port.mask) !== undefined,
    );
  const classes = new Map<string, Map<number, PortRun>>();
  for (const port of free) {
    const group = tied.has(port.controller) ? port.controller : 'any';
    const key = wanted(port) ? port.name : `${group}/${port.mask}/${port.depth}`;
    const runs = classes.get(key) ?? new Map<number, PortRun>();
    classes.set(key, runs);
    const run = runs.get(port.controller);
    if (run === undefined) runs.set(port.controller, [port]);
    else run.push(port);
  }
  const list: PortClass[] = [];
  for (const runs of classes.values()) {
    const [first, ...rest] = [...runs.values()].sort((a, b) => a[0].controller - b[0].controller);
    if (first !== undefined) list.push([first, ...rest]);
  }
  for (const run of list.flat()) run.sort(comparePlanPorts);
  return list.sort(([[a]], [[b]]) => comparePlanPorts(a, b));
}

interface Flows {
  /** For each group: how many of it go to which class, by class. */
  readonly byGroup: readonly ReadonlyMap<number, number>[];
  /** For each class: how many ports of each run are used. */
  readonly byRun: readonly (readonly number[])[];
}

/** A network from devices through groups and classes to ports; what flows past the classes has no port. */
function solve(groups: readonly DemandGroup[], classes: readonly PortClass[], sparing: boolean): Flows {
  const [source, sink] = [0, 1];
  const network = new MinCostFlow(2 + groups.length + classes.length);
  const runArcs = classes.map((runs, c) =>
    runs.map((run) => network.arc(2 + groups.length + c, sink, run.length, portCost(run[0]))),
  );
  const groupArcs = groups.map(({ sample, members }, g) => {
    network.arc(source, 2 + g, members.length, [0, 0, 0]);
    const found: [number, number][] = [];
    classes.forEach(([[port]], c) => {
      if (!inScope(sample.scope, port)) return;
      const steps = stepsBelowNative(sample.device, port.mask);
      if (steps === undefined) return;
      const cost = placeCost(steps, isSlow(sample) ? fastness(port.mask) : 0, sparing && mayCrowd(sample));
      found.push([c, network.arc(2 + g, 2 + groups.length + c, members.length, cost)]);
    });
    network.arc(2 + g, sink, members.length, nowhereCost(sample));
    return found;
  });
  network.run(source, sink);
  return {
    byGroup: groupArcs.map((found) => new Map(found.map(([c, arc]) => [c, network.flow(arc)]))),
    byRun: runArcs.map((arcs) => arcs.map((arc) => network.flow(arc))),
  };
}

/**
 * Objectives that add up over devices become digits of a cost, the weightiest first, far enough apart that what a path adds to
 * one digit never carries into the next: a path visits each group and class once, and ends at the first port.
 */
const STEP = 2 ** 12;
const SLOWER = 2 ** 42;
const STEP_BELOW = 2 ** 30;
const CROWDS = 2 ** 18;
const CROWDS_FAST = 2 ** 6;
const SUPER_USED = 2 ** 3;
const FULL_USED = 2 ** 42;
const SLOW_ON_FAST = 2 ** 32;
const DEPTH = 2 ** 22;

/** A device without a port: mandatory, mandatory and pinned, optional, optional and pinned. */
function nowhereCost({ device, scope }: Demand): Cost {
  const weight = device.mandatory ? STEP ** 2 : 1;
  return [weight * (scope.at === 'any' ? STEP : STEP + 1), 0, 0];
}

/** Slower than native, by how much; a device that crowds, and on what; and a slow device on a fast port. */
function placeCost(steps: number, slowOnFast: number, crowds: boolean): Cost {
  const slower = steps === 0 ? 0 : SLOWER + steps * STEP_BELOW;
  return [0, slower + (crowds ? CROWDS + slowOnFast * CROWDS_FAST : 0), slowOnFast * SLOW_ON_FAST];
}

/** A port used up: by what it could carry, then how deep it is, then the order of controllers. */
function portCost({ mask, depth, controller }: PlanPort): Cost {
  const bit = (speed: SpeedMask): number => ((mask & speed) === 0 ? 0 : 1);
  return [0, bit(SUPER) * SUPER_USED + bit(HIGH), bit(FULL) * FULL_USED + depth * DEPTH + controller];
}
