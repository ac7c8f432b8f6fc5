import type { KeptPort } from '../request.js';
import type { Demand } from './demand.js';

/** The question, which does not change while layouts of hubs are tried. */
export interface PlanningProblem {
  readonly demands: readonly Demand[];
  /** Ports kept for devices that are away. */
  readonly kept: readonly KeptPort[];
  /** Fast ports to keep free. */
  readonly reserve: number;
  /** Whether hubs may be added. If not, a slow device has nowhere else to go, and the reserve decides nothing. */
  readonly mayAddHubs: boolean;
}
