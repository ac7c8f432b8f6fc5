import { FULL, HIGH, type SpeedMask, SUPER } from '../../qdev/index.js';
import type { PlanningProblem } from './problem.js';
import type { Layout, PlanPort } from './space.js';

/** A solution: which hubs are added, and which port each device has. */
export interface Solution {
  readonly layout: Layout;
  /** The port of each demand, in the order of the demands. */
  readonly given: readonly (PlanPort | undefined)[];
  readonly score: Score;
}

/**
 * What a solution costs, weightiest first; a lower figure is always better. Without a port (mandatory, of these pinned, optional, of these
 * pinned) · slower than native, and by how many classes · remembered devices that are not at home · kept ports taken · slow devices that
 * crowd fast ports · the last place for slow devices gone · hubs added · free ports that carry SuperSpeed, then high speed, then full
 * speed, each count negative · slow devices on fast ports · depth · order of controllers.
 */
export type Score = readonly number[];

/** How many figures at the front of a score concern the devices themselves. Controllers are added only to improve these. */
export const DEVICE_FIGURES = 8;

/** The places of figures in a score. */
export const CROWDING = 8;
export const LAST_PLACE = 9;
export const ADDED_HUBS = 10;

/** @returns whether a solution crowds, or leaves no place for a further slow device */
export function crowds(score: Score): boolean {
  return (score[CROWDING] ?? 0) > 0 || (score[LAST_PLACE] ?? 0) > 0;
}

/** @returns negative when `a` is better, 0 when both are as good */
export function compareScores(a: Score, b: Score, figures: number = a.length): number {
  for (let i = 0; i < figures; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** How many slow devices may crowd: all of them, those on ports that carry SuperSpeed, and those on ports that carry high speed. */
export interface SlowCount {
  readonly slow: number;
  readonly slowOnSuper: number;
  readonly slowOnHigh: number;
}

/** @returns two figures: how many slow devices crowd fast ports, and whether the last place for slow devices is gone */
export function crowding(
  problem: PlanningProblem,
  left: FreeCount,
  { slow, slowOnSuper, slowOnHigh }: SlowCount,
): [number, number] {
  const keep = problem.mayAddHubs ? problem.reserve : 0;
  if (keep === 0) return [0, 0];
  const crowd =
    Math.min(left.fullNotSuper === 0 ? slow : slowOnSuper, shortOf(keep, left.super, left.fullNotSuper)) +
    Math.min(left.fullNotHigh === 0 ? slow : slowOnHigh, shortOf(keep, left.high, left.fullNotHigh));
  return [crowd, slow > 0 && left.full === 0 ? 1 : 0];
}

/** How many free ports are missing. If the hub of the next slow device would have to take a fast port as well, one more is kept for it. */
function shortOf(keep: number, free: number, placesForHub: number): number {
  return Math.max(0, keep + (placesForHub === 0 ? 1 : 0) - free);
}

/** Counts free ports by the speeds that they carry. */
export class FreeCount {
  super = 0;
  high = 0;
  full = 0;
  fullNotSuper = 0;
  fullNotHigh = 0;

  add(mask: SpeedMask, count: number): void {
    if ((mask & SUPER) !== 0) this.super += count;
    if ((mask & HIGH) !== 0) this.high += count;
    if ((mask & FULL) === 0) return;
    this.full += count;
    if ((mask & SUPER) === 0) this.fullNotSuper += count;
    if ((mask & (HIGH | SUPER)) === 0) this.fullNotHigh += count;
  }
}

export function countFree(ports: readonly PlanPort[]): FreeCount {
  const count = new FreeCount();
  for (const { mask } of ports) count.add(mask, 1);
  return count;
}

/**
 * @param left - the count of free ports, this one included
 * @returns whether a slow device on this free port would crowd: it would leave fewer fast ports than the reserve
 */
export function wouldCrowd(problem: PlanningProblem, port: PlanPort, left: FreeCount): boolean {
  if (!problem.mayAddHubs || problem.reserve === 0) return false;
  const hits = (speed: SpeedMask): boolean => (port.mask & speed) !== 0;
  return (
    (hits(SUPER) && shortOf(problem.reserve, left.super - 1, left.fullNotSuper) > 0) ||
    (hits(HIGH) && shortOf(problem.reserve, left.high - 1, left.fullNotHigh) > 0)
  );
}
