import type { KeptPort } from '../request.js';
import type { Demand } from './demand.js';

/** What is asked, and what does not change while hubs are tried. */
export interface PlanningProblem {
  readonly demands: readonly Demand[];
  /** Ports kept for devices that are away. */
  readonly kept: readonly KeptPort[];
  /** Fast ports to keep free. */
  readonly reserve: number;
  /** Whether hubs may be added: else there is no place to send a slow device instead, and the reserve decides nothing. */
  readonly mayAddHubs: boolean;
}
