import { type ControllerSpec, maskOf, SPEEDS, type Speed } from '../../qdev/index.js';
import type { AddedHub, Plan } from '../plan.js';
import { plan } from '../planner.js';
import type { DeviceRequest, PlanRequest } from '../request.js';

/** How many more devices of one speed class would get a native port. */
export interface Room {
  readonly speed: Speed;
  /** With the VM as it is, and nothing added. */
  readonly now: number;
  /** With everything added that may be added. */
  readonly most: number;
  /** Whether the count stopped at its limit, so that `most` may be too low. */
  readonly orMore: boolean;
  /** What would be added for `most`. */
  readonly controllers: readonly ControllerSpec[];
  readonly hubs: readonly AddedHub[];
}

/** USB numbers the devices of a bus from 1 to 127 (USB 2.0, 9.4.6); a guest could not address more. */
const MOST = 127;

/**
 * Counts how many devices of a speed class fit a VM, each class by itself. It plans with 1, 2, 4, … devices until one has no port; that
 * plan places as many as fit.
 *
 * @param speed - one class; all four classes if it is left out
 * @returns a count for each class, slowest first
 */
export function roomFor(request: Omit<PlanRequest, 'devices'>, speed?: Speed): Room[] {
  return (speed === undefined ? SPEEDS : [speed]).map((one) => {
    const bare = { ...request, growth: { hubs: false, controllers: [] } };
    const now = mostOf(bare, one).placements.length;
    const grown = mostOf(request, one);
    const most = grown.placements.length;
    return { speed: one, now, most, orMore: most === MOST, controllers: grown.controllers, hubs: grown.hubs };
  });
}

/** @returns the plan for as many devices of a class as fit */
function mostOf(request: Omit<PlanRequest, 'devices'>, speed: Speed): Plan {
  for (let count = 1; ; count = Math.min(MOST, count * 2)) {
    const made = plan({ ...request, devices: alike(speed, count) });
    if (made.refusals.length === 0 && count < MOST) continue;
    const fitting = made.placements.length;
    // plan again, so that nothing is added for devices that do not fit
    return fitting === count ? made : plan({ ...request, devices: alike(speed, fitting) });
  }
}

function alike(native: Speed, count: number): DeviceRequest[] {
  return Array.from({ length: count }, (_, i): DeviceRequest => {
    const key = `more${i}`;
    return { key, label: key, mask: maskOf(native), native, mandatory: false, slower: 'refuse' };
  });
}
