/**
 * Who sits where: the search for the best ports. A request comes in as demands on a space of ports; layouts of hubs are tried, for each a
 * flow of least cost is found and scored, and the solution with the best score goes out. Numbers and indices only; no words.
 */

export { once } from './compute-once.js';
export { type Demand, demandsOf, inScope, isHub, isSlow, sortDevices } from './demand.js';
export type { PlanningProblem } from './problem.js';
export { compareScores, countFree, DEVICE_FIGURES, FreeCount, type Solution, wouldCrowd } from './score.js';
export { search } from './search.js';
export { comparePlanPorts, fastness, type PlanPort, portName, spaceOf, takesHub } from './space.js';
