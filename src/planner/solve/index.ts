/**
 * The search for the best ports. A request comes in as demands on a space of ports. The search tries layouts of hubs, finds and scores a
 * flow of least cost for each, and returns the solution with the best score. It works on numbers and indices only and makes no texts.
 */

export { once } from './compute-once.js';
export { type Demand, demandsOf, inScope, isHub, isSlow, sortDevices } from './demand.js';
export type { PlanningProblem } from './problem.js';
export { compareScores, countFree, DEVICE_FIGURES, FreeCount, type Solution, wouldCrowd } from './score.js';
export { search } from './search.js';
export { comparePlanPorts, fastness, type PlanPort, portName, spaceOf, takesHub } from './space.js';
