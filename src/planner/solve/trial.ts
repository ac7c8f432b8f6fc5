import { FULL, SUPER } from '../../qdev/index.js';
import { isSlow, mayCrowd } from './demand.js';
import { Draft, type DraftHub } from './draft.js';
import { type Network, networkOf } from './network.js';
import type { PlanningProblem } from './problem.js';
import { compareScores, crowds, type Score } from './score.js';
import type { Space } from './space.js';

/**
 * Tries layouts of hubs. For a given layout the flow is cheapest in all that adds up over devices, which is everything but
 * crowding; what it prefers is also what crowds least, as long as every slow device counts as one that crowds. Those that are
 * pinned to a port do not; and where a controller runs short of slots, another device left out may crowd less. Where such a thing
 * is so and they crowd, the flow is solved once more with "fewest devices that crowd, on the slowest ports" before all that is
 * said of ports, and the better of the two counts.
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

/** Up to so many kinds of ports each is looked at. */
const FEW_KINDS = 40;

/** @returns ports for slow devices that are all in use, of which one might better be left: kinds, of many alike only one */
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
  /** From which further layouts are made. */
  readonly draft: Draft;
  /** The one that counts. */
  readonly best: Draft;
  readonly score: Score;
}

/** @returns the better one; of equals the first */
export function better(a: Trial, b: Trial | undefined): Trial {
  return b !== undefined && compareScores(b.score, a.score) < 0 ? b : a;
}
