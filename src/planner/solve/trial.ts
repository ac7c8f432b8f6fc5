import { FULL, SUPER } from '../../qdev/index.js';
import { isSlow, mayCrowd } from './demand.js';
import { Draft, type DraftHub } from './draft.js';
import { type Network, networkOf } from './network.js';
import type { PlanningProblem } from './problem.js';
import { compareScores, crowds, type Score } from './score.js';
import type { Space } from './space.js';

/**
 * Tries layouts of hubs. For a given layout, the flow is the cheapest in everything that adds up over devices, which is all but crowding.
 * The cheapest flow also crowds least, as long as every slow device counts as one that crowds. Two cases are different: a device that is
 * pinned to a port does not count, and where a controller runs short of slots, leaving out another device may crowd less. In these cases,
 * if devices crowd, the flow is computed once more with "fewest devices that crowd, on the slowest ports" before everything that concerns
 * the ports. The better of the two counts.
 */
export class Trials {
  readonly network: Network;
  readonly #problem: PlanningProblem;
  readonly #space: Space;
  readonly #mixed: boolean;
  #sparing: Network | undefined;
  /** How many layouts were tried. */
  count = 0;

  constructor(problem: PlanningProblem, space: Space) {
    this.#problem = problem;
    this.#space = space;
    this.network = networkOf(problem, space);
    const slow = problem.demands.filter(isSlow);
    this.#mixed = slow.some(mayCrowd) && !slow.every(mayCrowd);
  }

  /** @returns a layout of hubs, parents before children; undefined when there is no place for one */
  of(hubs: readonly DraftHub[]): Trial | undefined {
    return this.#judge(Draft.of(this.network, hubs));
  }

  with(trial: Trial, more: readonly DraftHub[]): Trial | undefined {
    return this.#judge(trial.draft.with(more));
  }

  without(trial: Trial, index: number): Trial | undefined {
    return this.#judge(trial.draft.without(index));
  }

  #judge(draft: Draft | undefined): Trial | undefined {
    if (draft === undefined) return undefined;
    this.count++;
    if (!crowds(draft.score) || !(this.#mixed || draft.isShortOfSlots))
      return { draft, best: draft, score: draft.score };
    this.#sparing ??= networkOf(this.#problem, this.#space, true);
    const sparing = Draft.of(this.#sparing, draft.hubs);
    let best = draft;
    for (const one of sparing === undefined ? [draft] : [draft, sparing]) {
      if (compareScores(one.score, best.score) < 0) best = one;
      for (const kind of draft.isShortOfSlots ? lastLowOnes(one) : []) {
        const other = one.leaving(kind);
        if (compareScores(other.score, best.score) < 0) best = other;
      }
    }
    return { draft, best, score: best.score };
  }
}

/** Up to this number of kinds of ports, each kind is tried. */
const FEW_KINDS = 40;

/**
 * @returns kinds of ports for slow devices that are all in use, and of which it might be better to leave one free; if there are many kinds,
 *   only one of those that are alike
 */
function lastLowOnes({ network: { ports }, flow }: Draft): number[] {
  const seen = new Set<number>();
  return ports.flatMap(({ mask, depth, arc }, kind) => {
    const alike = mask * 8 + depth;
    if ((mask & FULL) === 0 || (mask & SUPER) !== 0 || flow.flow(arc) === 0 || flow.room(arc) > 0) return [];
    if (ports.length > FEW_KINDS && seen.has(alike)) return [];
    seen.add(alike);
    return [kind];
  });
}

export interface Trial {
  /** The draft from which further layouts are made. */
  readonly draft: Draft;
  /** The draft that counts. */
  readonly best: Draft;
  readonly score: Score;
}

/** @returns the better trial; the first if both are equal */
export function better(a: Trial, b: Trial | undefined): Trial {
  return b !== undefined && compareScores(b.score, a.score) < 0 ? b : a;
}
