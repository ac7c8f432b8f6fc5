import { assign, type Problem } from './assign.js';
import { isHub, isSlow, mayCrowd } from './demand.js';
import { bestHubs, hubMoves } from './hub-moves.js';
import { compareScores, crowds, DEVICE_FIGURES, type Score, type Solution, scoreOf } from './score.js';
import { layoutOf, type NewHub, type Space } from './space.js';

/**
 * Finds the best hubs for a problem in a space, by steepest descent: of all hubs worth trying the one that makes the score best is
 * added, as long as one does. Without pins a hub on the port of least worth is never worse than elsewhere, and each that is
 * needed pays at once (one port lost, up to eight won), so nothing better is missed. Hubs that the user asked for may only fit
 * one behind the other, so while several wait they are tried in pairs as well. For many devices,
 * two, four, eight and more at once are tried first. In the end each hub has to prove itself again.
 */
export function search(problem: Problem, space: Space): Solution {
  const narrow = descend(problem, space, false);
  if (problem.demands.length > FEW || narrow.layout.hubs.length === 0) return narrow;
  const wide = descend(problem, space, true);
  return compareScores(wide.score, narrow.score) < 0 ? wide : narrow;
}

function descend(problem: Problem, space: Space, wide: boolean): Solution {
  let best = attempt(problem, space, []);
  while (mayGain(best.score)) {
    const next = nextSolutions(problem, space, best, wide).reduce(
      (a, b) => (compareScores(b.score, a.score) < 0 ? b : a),
      best,
    );
    if (next === best) break;
    best = next;
  }
  return withoutIdleHubs(problem, space, best);
}

/** Up to so many devices pairs of hubs are tried; with more, many hubs at once. */
const FEW = 100;

function nextSolutions(problem: Problem, space: Space, from: Solution, wide: boolean): Solution[] {
  const many = problem.demands.length > FEW;
  const bulk = many ? inBulk(problem, space, from) : from;
  if (bulk !== from) return [bulk];
  const step = (base: Solution): Solution[] =>
    hubMoves(problem, base, wide).map((move) => attempt(problem, space, [...base.layout.hubs, ...move]));
  const single = step(from);
  const waiting = problem.demands.filter((demand, i) => isHub(demand) && from.given[i] === undefined);
  return waiting.length > 1 && !many ? [...single, ...single.flatMap(step)] : single;
}

function attempt(problem: Problem, space: Space, hubs: readonly NewHub[]): Solution {
  const layout = layoutOf(space, hubs);
  const solutionOf = (sparing: boolean): Solution => {
    const given = assign(problem, layout, sparing);
    return { layout, given, score: scoreOf(problem, layout, given) };
  };
  const first = solutionOf(false);
  if (!crowds(first.score) || !crowdingDiffers(problem)) return first;
  const sparing = solutionOf(true);
  return compareScores(sparing.score, first.score) < 0 ? sparing : first;
}

/** Whether some slow devices crowd and others, pinned to a port, do not: then it matters which of them are where. */
function crowdingDiffers({ groups }: Problem): boolean {
  const slow = groups.filter(({ sample }) => isSlow(sample));
  return slow.some(({ sample }) => mayCrowd(sample)) && slow.some(({ sample }) => !mayCrowd(sample));
}

/** Figures of a score that a hub can better: those of the devices, crowding, and the last place. */
function mayGain(score: Score): boolean {
  return score.slice(0, DEVICE_FIGURES + 2).some((figure) => figure > 0);
}

/** Many hubs at once, each on the best place that is left: 2, 4, 8, … until that gets worse. */
function inBulk(problem: Problem, space: Space, from: Solution): Solution {
  if (!problem.mayAddHubs) return from;
  let best = from;
  for (let count = 2; ; count *= 2) {
    const hubs = bestHubs(problem, from.layout, count);
    const next = attempt(problem, space, [...from.layout.hubs, ...hubs]);
    if (compareScores(next.score, best.score) < 0) best = next;
    else return best;
    if (hubs.length < count) return best;
  }
}

/** Takes back hubs that others, added later, have made needless. Of hubs that are alike, one that is needed speaks for all. */
function withoutIdleHubs(problem: Problem, space: Space, solution: Solution): Solution {
  let best = solution;
  const needed = new Set<string>();
  for (let i = best.layout.hubs.length - 1; i >= 0 && best.layout.hubs.length > 1; i--) {
    const { hubs } = best.layout;
    const hub = hubs[i];
    if (hub === undefined || hub.demand !== undefined) continue;
    const { at } = hub;
    const kind = `${at.controller}/${at.mask}`;
    if (needed.has(kind) || hubs.some((other) => other.at.bus === at.bus && other.at.path.startsWith(`${at.path}.`)))
      continue;
    const without = attempt(problem, space, hubs.toSpliced(i, 1));
    if (compareScores(without.score, best.score) < 0) best = without;
    else needed.add(kind);
  }
  return best;
}
