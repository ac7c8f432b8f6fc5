/** Which port each device belongs on, and why. Pure; runs anywhere. */
export { type PlanFindingOptions, planFindings } from './findings.js';
export type * from './plan.js';
export { DEFAULT_RESERVE, plan } from './planner.js';
export type * from './request.js';
