import { MAX_HUB_PORTS, type Topology, withController } from '../qdev/index.js';
import type { Plan } from './plan.js';
import { report } from './report/index.js';
import type { DeviceRequest, PlanRequest } from './request.js';
import {
  compareScores,
  DEVICE_FIGURES,
  demandsOf,
  type PlanningProblem,
  type Solution,
  search,
  sortDevices,
  spaceOf,
} from './solve/index.js';

/** Fast ports kept free for future devices, unless the request says otherwise. */
export const DEFAULT_RESERVE = 4;

/**
 * Decides which port every device belongs on. A device can be on a port that shares a speed with it, and runs at the highest speed that
 * both have (usb_check_attach in hw/usb/bus.c). Of all possible plans the planner chooses the best; each objective decides only where all
 * objectives before it are equal:
 *
 * 1. fewest mandatory devices without a port, then the same for optional ones; of these, fewest pinned ones
 * 2. fewest devices slower than native, then fewest speed classes lost
 * 3. fewest remembered devices that are not at home
 * 4. fewest ports taken that are kept for devices that are away
 * 5. fewest added controllers
 * 6. least crowding of the reserve, which keeps fast ports for future devices
 * 7. fewest added hubs
 * 8. most free ports that carry SuperSpeed, then high speed, then full speed; slow devices on the slowest ports
 * 9. nearest to the root, then the earlier controller, then the lower port
 *
 * Method, bounds and limits: docs/planner.md.
 *
 * The same request always gives the same plan, whatever the order of its devices. The planner does not change the request, and no attached
 * device moves. It never throws: a device without a port is among the refusals.
 *
 * @returns placements and refusals for each device of the request, what to add first, and the topology that results
 */
export function plan(request: PlanRequest): Plan {
  const devices = sortDevices(request.devices);
  const { topology, count, problem, solution } = leastControllers(request, devices);
  return report({
    request,
    devices,
    topology,
    controllers: request.growth.controllers.slice(0, count),
    problem,
    solution,
    replan: plan,
  });
}

interface Attempt {
  /** With the added controllers. */
  readonly topology: Topology;
  readonly count: number;
  readonly problem: PlanningProblem;
  readonly solution: Solution;
}

/**
 * Adding a controller never makes fewer devices fit. So the attempt with all controllers shows the best result that is possible, and a
 * binary search finds the least number of controllers that gives it.
 */
function leastControllers(request: PlanRequest, devices: readonly DeviceRequest[]): Attempt {
  const none = attempt(request, devices, 0);
  const { score } = none.solution;
  if (request.growth.controllers.length === 0 || score.every((figure, i) => i >= DEVICE_FIGURES || figure === 0))
    return none;
  let enough = attempt(request, devices, request.growth.controllers.length);
  if (compareScores(none.solution.score, enough.solution.score, DEVICE_FIGURES) <= 0) return none;
  const wanted = enough.solution.score;
  let tooFew = 0;
  while (enough.count - tooFew > 1) {
    const middle = attempt(request, devices, (enough.count + tooFew) >> 1);
    if (compareScores(middle.solution.score, wanted, DEVICE_FIGURES) <= 0) enough = middle;
    else tooFew = middle.count;
  }
  return enough;
}

function attempt(request: PlanRequest, devices: readonly DeviceRequest[], count: number): Attempt {
  const topology = request.growth.controllers.slice(0, count).reduce(withController, request.topology);
  const space = spaceOf(topology);
  const demands = demandsOf(space, devices.map(sane));
  const problem: PlanningProblem = {
    demands,
    kept: request.kept ?? [],
    reserve: Math.max(0, request.reserve ?? DEFAULT_RESERVE),
    mayAddHubs: request.growth.hubs,
  };
  return { topology, count, problem, solution: search(problem, space) };
}

/** Limits the port count of a hub to the range from 0 to 8. */
function sane(device: DeviceRequest): DeviceRequest {
  if (device.hubPorts === undefined) return device;
  return { ...device, hubPorts: Math.min(MAX_HUB_PORTS, Math.max(0, Math.trunc(device.hubPorts) || 0)) };
}
