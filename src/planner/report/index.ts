/**
 * What a solution says: a solved problem comes in, and a plan goes out in which each port has a verdict for each device and each refusal
 * has its reason and its fix; of a plan, the findings.
 */

export { type PlanFindingOptions, planFindings } from './findings.js';
export { follows } from './port-ranges.js';
export { report } from './report.js';
