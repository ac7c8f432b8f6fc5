import { FULL, HIGH, negotiate, SPEEDS, type SpeedMask, SUPER } from '../qdev/index.js';
import type { Problem } from './assign.js';
import { isHub, isSlow, mayCrowd } from './demand.js';
import { fastness, type Layout, type PlanPort } from './space.js';

/** A way to meet a problem: which hubs are added, who sits where. */
export interface Solution {
  readonly layout: Layout;
  /** The port of each demand by its place in the list. */
  readonly given: readonly (PlanPort | undefined)[];
  readonly score: Score;
}

/** What a solution costs, weightiest first; every figure is better when it is less. */
export type Score = readonly number[];

/** How many figures at the front of a score speak of the devices themselves: who has a port, and at what speed. */
export const DEVICE_FIGURES = 6;

/** @returns whether a solution crowds, or leaves no place for a further slow device */
export function crowds(score: Score): boolean {
  return score.slice(DEVICE_FIGURES, DEVICE_FIGURES + 2).some((figure) => figure > 0);
}

/** @returns negative when `a` is better, 0 when both are as good */
export function compareScores(a: Score, b: Score, figures: number = a.length): number {
  for (let i = 0; i < figures; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/**
 * The objectives in their order: without a port (mandatory, of these pinned, optional, of these pinned) · slower than native, and
 * by how many classes · slow devices that crowd fast ports · the last
 * place for slow devices gone · hubs added · SuperSpeed ports
 * used, then high-speed, then full-speed ones · slow devices on fast ports · depth · order of controllers.
 */
export function scoreOf(problem: Problem, layout: Layout, given: readonly (PlanPort | undefined)[]): Score {
  const missing = [0, 0, 0, 0];
  let [slower, steps, slow, slowOnSuper, slowOnHigh, slowOnFast, depth, controllers] = [0, 0, 0, 0, 0, 0, 0, 0];
  const used = new Set<string>();
  problem.demands.forEach((demand, i) => {
    const { device, scope } = demand;
    const port = given[i];
    if (port === undefined) {
      const first = device.mandatory ? 0 : 2;
      missing[first] = (missing[first] ?? 0) + 1;
      if (scope.at !== 'any') missing[first + 1] = (missing[first + 1] ?? 0) + 1;
      return;
    }
    used.add(port.name);
    depth += port.depth;
    controllers += port.controller;
    if (isHub(demand)) return;
    const below = SPEEDS.indexOf(device.native) - SPEEDS.indexOf(negotiate(device.mask, port.mask) ?? device.native);
    if (below > 0) {
      slower++;
      steps += below;
    }
    if (!isSlow(demand)) return;
    slowOnFast += fastness(port.mask);
    if (!mayCrowd(demand)) return;
    slow++;
    if ((port.mask & SUPER) !== 0) slowOnSuper++;
    if ((port.mask & HIGH) !== 0) slowOnHigh++;
  });
  let added = 0;
  for (const hub of layout.hubs) {
    if (hub.demand !== undefined) continue;
    added++;
    depth += hub.at.depth;
    controllers += hub.at.controller;
  }
  const left = countFree(layout.free.filter(({ name }) => !used.has(name)));
  const keep = problem.mayAddHubs ? problem.reserve : 0;
  const crowding =
    Math.min(left.fullNotSuper === 0 ? slow : slowOnSuper, shortOf(keep, left.super, left.fullNotSuper)) +
    Math.min(left.fullNotHigh === 0 ? slow : slowOnHigh, shortOf(keep, left.high, left.fullNotHigh));
  const lastPlace = slow > 0 && left.full === 0 ? 1 : 0;
  return [
    ...missing,
    slower,
    steps,
    keep === 0 ? 0 : crowding,
    keep === 0 ? 0 : lastPlace,
    added,
    -left.super,
    -left.high,
    -left.full,
    slowOnFast,
    depth,
    controllers,
  ];
}

/** Where the hub of the next slow device would have to take a fast port as well, one more is kept for it. */
function shortOf(keep: number, free: number, placesForHub: number): number {
  return Math.max(0, keep + (placesForHub === 0 ? 1 : 0) - free);
}

/** Free ports by what they could carry. */
export interface FreeCount {
  readonly super: number;
  readonly high: number;
  readonly full: number;
  readonly fullNotSuper: number;
  readonly fullNotHigh: number;
}

export function countFree(ports: readonly PlanPort[]): FreeCount {
  const count = (want: SpeedMask, not: SpeedMask): number =>
    ports.reduce((sum, { mask }) => sum + ((mask & want) !== 0 && (mask & not) === 0 ? 1 : 0), 0);
  return {
    super: count(SUPER, 0),
    high: count(HIGH, 0),
    full: count(FULL, 0),
    fullNotSuper: count(FULL, SUPER),
    fullNotHigh: count(FULL, HIGH | SUPER),
  };
}

/**
 * @returns whether a slow device on this free port would crowd: fewer fast ports than the reserve would be left. `left` counts
 *   what is free with the port.
 */
export function wouldCrowd(problem: Problem, port: PlanPort, left: FreeCount): boolean {
  if (!problem.mayAddHubs || problem.reserve === 0) return false;
  const hits = (speed: SpeedMask): boolean => (port.mask & speed) !== 0;
  return (
    (hits(SUPER) && shortOf(problem.reserve, left.super - 1, left.fullNotSuper) > 0) ||
    (hits(HIGH) && shortOf(problem.reserve, left.high - 1, left.fullNotHigh) > 0)
  );
}
