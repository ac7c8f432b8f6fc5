/**
 * Turns a solved problem into a plan, in which each port has a verdict for each device and each refusal has its reason and its fix. Turns a
 * plan into findings.
 */

export { type PlanFindingOptions, planFindings } from './findings.js';
export { follows } from './port-ranges.js';
export { type PlacedDevice, report } from './report.js';
