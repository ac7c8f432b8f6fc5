import { FULL, HIGH, type SpeedMask, SUPER } from '../../qdev/index.js';
import { type Demand, isSlow, mayCrowd } from './demand.js';
import type { PlanningProblem } from './problem.js';
import { crowding, DEVICE_FIGURES, FreeCount, type Score } from './score.js';
import { fastness } from './space.js';

/**
 * The sums that a score is made of: the first eight figures of the score itself, then the sums from which the other figures are computed.
 * All of them add up over devices, hubs and free ports. So they change as these come and go, and a score does not have to look at
 * everything again.
 */
const SUMS = [
  'mandatory',
  'mandatoryPinned',
  'optional',
  'optionalPinned',
  'slower',
  'steps',
  'away',
  'taken',
  'slow',
  'slowOnSuper',
  'slowOnHigh',
  'slowOnFast',
  'added',
  'freeSuper',
  'freeHigh',
  'freeFull',
  'freeFullNotSuper',
  'freeFullNotHigh',
  'depth',
  'order',
] as const;

type Sum = (typeof SUMS)[number];

/** What one thing adds to a tally: values by the places of sums; a missing value adds nothing. */
export type Addends = readonly number[];

/** Sums of what a score is made of. */
export class Tally {
  readonly #sums: Float64Array;

  constructor(like?: Tally) {
    this.#sums = like === undefined ? new Float64Array(SUMS.length) : like.#sums.slice();
  }

  /** Adds a thing `count` times; a negative count takes it back. */
  add(addends: Addends, count: number): void {
    for (let i = 0; i < addends.length; i++) {
      this.#sums[i] = (this.#sums[i] as number) + (addends[i] as number) * count;
    }
  }

  plus(other: Tally): Tally {
    const both = new Tally(this);
    both.add([...other.#sums], 1);
    return both;
  }

  score(problem: PlanningProblem): Score {
    const at = (sum: Sum): number => this.#sums[SUMS.indexOf(sum)] ?? 0;
    const left = new FreeCount();
    left.super = at('freeSuper');
    left.high = at('freeHigh');
    left.full = at('freeFull');
    left.fullNotSuper = at('freeFullNotSuper');
    left.fullNotHigh = at('freeFullNotHigh');
    const slow = { slow: at('slow'), slowOnSuper: at('slowOnSuper'), slowOnHigh: at('slowOnHigh') };
    return [
      ...this.#sums.subarray(0, DEVICE_FIGURES),
      ...crowding(problem, left, slow),
      at('added'),
      -left.super,
      -left.high,
      -left.full,
      at('slowOnFast'),
      at('depth'),
      at('order'),
    ];
  }
}

function addends(sums: Partial<Record<Sum, number>>): Addends {
  return SUMS.map((sum) => sums[sum] ?? 0);
}

export const NOTHING: Addends = [];

/** A remembered device or hub that is not at home. */
export const IS_AWAY: Addends = addends({ away: 1 });

/** A hub that the planner adds. */
export const IS_ADDED: Addends = addends({ added: 1 });

/** A device or a hub without a port. */
export function missing({ device, scope }: Demand, away: boolean): Addends {
  const pinned = scope.at === 'any' ? 0 : 1;
  return addends({
    ...(device.mandatory ? { mandatory: 1, mandatoryPinned: pinned } : { optional: 1, optionalPinned: pinned }),
    away: away ? 1 : 0,
  });
}

/** A device on a port with this mask, `steps` speed classes below its native one. */
export function placed(demand: Demand, mask: SpeedMask, steps: number, away: boolean): Addends {
  const crowds = mayCrowd(demand) ? 1 : 0;
  return addends({
    slower: steps > 0 ? 1 : 0,
    steps,
    away: away ? 1 : 0,
    slow: crowds,
    slowOnSuper: crowds * carries(mask, SUPER),
    slowOnHigh: crowds * carries(mask, HIGH),
    slowOnFast: isSlow(demand) ? fastness(mask) : 0,
  });
}

/** A free port with this mask. */
export function spare(mask: SpeedMask): Addends {
  const full = carries(mask, FULL);
  return addends({
    freeSuper: carries(mask, SUPER),
    freeHigh: carries(mask, HIGH),
    freeFull: full,
    freeFullNotSuper: full * (1 - carries(mask, SUPER)),
    freeFullNotHigh: full * (1 - carries(mask, SUPER | HIGH)),
  });
}

/** A port that was free and is now in use; its controller is counted separately. */
export function used(mask: SpeedMask, depth: number, kept: boolean): Addends {
  const lost = spare(mask);
  return addends({ taken: kept ? 1 : 0, depth }).map((value, i) => value - (lost[i] ?? 0));
}

/** @returns the same for a port on the controller with this place in the list */
export function onController(port: Addends, controller: number): Addends {
  return [...port.slice(0, -1), controller];
}

function carries(mask: SpeedMask, speeds: SpeedMask): number {
  return (mask & speeds) === 0 ? 0 : 1;
}
