/** Which port each device belongs on, and why. Pure; runs anywhere. */
export { explain } from './explain.js';
export {
  type Explanation,
  OBJECTIVES,
  type Objective,
  type OtherChange,
  type Place,
  type VerdictRun,
  type WhatIf,
  type Why,
} from './explanation.js';
export { type PlanFindingOptions, planFindings } from './findings.js';
export type * from './plan.js';
export { DEFAULT_RESERVE, plan } from './planner.js';
export { bestMove, type Movable, type Move, type MoveRequest } from './rebalance.js';
export type * from './request.js';
export { type Room, roomFor } from './room.js';
export { withFix } from './with-fix.js';
