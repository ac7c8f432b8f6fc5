import type { Parameters } from 'fast-check';
import { runs as scaled } from '../runs.js';

const { QPLUG_PLANNER_SEED, QPLUG_PLANNER_RUNS } = process.env;

/**
 * What a property test is run with. The seed is that of all unit tests, which is fixed, so that a run fails or passes by the code
 * alone. QPLUG_PLANNER_SEED asks for another, QPLUG_PLANNER_RUNS for more runs.
 *
 * @param runs - how many runs, unless QPLUG_PLANNER_RUNS says
 * @param times - what QPLUG_PLANNER_RUNS is multiplied with, for what is quick
 */
export function random(runs: number, times = 1): Parameters<unknown> {
  return {
    ...(QPLUG_PLANNER_SEED === undefined ? {} : { seed: Number(QPLUG_PLANNER_SEED) }),
    numRuns: QPLUG_PLANNER_RUNS === undefined ? scaled(runs) : times * Number(QPLUG_PLANNER_RUNS),
  };
}
