import { type ControllerSpec, maskOf, SPEEDS, type Speed } from '../../qdev/index.js';
import type { AddedHub, Plan } from '../plan.js';
import { plan } from '../planner.js';
import type { DeviceRequest, PlanRequest } from '../request.js';

/** How many more devices of one speed class have a native port. */
export interface Room {
  readonly speed: Speed;
  /** As the VM is: nothing added. */
  readonly now: number;
  /** With all that may be added. */
  readonly most: number;
  /** Whether `most` is only where the count was ended. */
  readonly orMore: boolean;
  /** What would be added for `most`. */
  readonly controllers: readonly ControllerSpec[];
  readonly hubs: readonly AddedHub[];
}

/** USB numbers the devices of a bus from 1 to 127 (USB 2.0, 9.4.6): beyond that a guest could not tell them apart. */
const MOST = 127;

/**
 * Counts the devices of one class that fit a VM, each class by itself, by planning with 1, 2, 4, … of them until one has no port: a
 * plan places as many as can be.
 *
 * @param speed - one class; all four without
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

/** @returns the plan with as many devices of a class as fit, and no more */
function mostOf(request: Omit<PlanRequest, 'devices'>, speed: Speed): Plan {
  for (let count = 1; ; count = Math.min(MOST, count * 2)) {
    const made = plan({ ...request, devices: alike(speed, count) });
    if (made.refusals.length === 0 && count < MOST) continue;
    const fitting = made.placements.length;
    // what those that do not fit would have had added is not counted
    return fitting === count ? made : plan({ ...request, devices: alike(speed, fitting) });
  }
}

function alike(native: Speed, count: number): DeviceRequest[] {
  return Array.from({ length: count }, (_, i): DeviceRequest => {
    const key = `more${i}`;
    return { key, label: key, mask: maskOf(native), native, mandatory: false, slower: 'refuse' };
  });
}
