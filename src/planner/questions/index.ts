/**
 * Questions whose answers take several plans. A request comes in, often with its plan, and is planned again with something changed: why a
 * device is where it is (`explain`), how many more devices fit (`roomFor`), which single move gains most (`bestMove`).
 */

export { bestMove, type Movable, type Move, type MoveRequest } from './best-move.js';
export { type Room, roomFor } from './capacity.js';
export { explain } from './explain.js';
export {
  type Explanation,
  OBJECTIVES,
  type Objective,
  type OtherChange,
  type PortAtSpeed,
  type VerdictRun,
  type WhatIf,
  type Why,
} from './explanation.js';
