import { type ControllerSpec, type HotplugSlot, type Topology, uniqueId } from '../../qdev/index.js';
import type { PlanRequest } from '../request.js';
import { newControllerSpec } from './new-controller.js';

/** By default no more than this many added controllers are considered. */
const MOST = 4;

/** @returns whether the VM of a request runs, see `Leeway` */
export function isRunning({ topology, leeway }: Pick<PlanRequest, 'topology' | 'leeway'>): boolean {
  return leeway?.running ?? runs(topology);
}

/** @returns whether a topology was read from a running QEMU, as far as the topology shows it */
export function runs({ controllers, hotplug }: Topology): boolean {
  return hotplug.length > 0 || controllers.some(({ qomPath }) => qomPath !== undefined);
}

/** @returns the hot-plug slots that the controllers of `growth` leave free */
export function slotsLeft({ topology, growth }: Pick<PlanRequest, 'topology' | 'growth'>): HotplugSlot[] {
  return topology.hotplug
    .map(({ bus, capacity }) => ({
      bus,
      capacity: capacity - growth.controllers.filter(({ pciBus }) => pciBus === bus).length,
    }))
    .filter(({ capacity }) => capacity > 0);
}

/** @returns the controllers that could be added if that were allowed, see `Leeway` */
export function growable(request: PlanRequest): readonly ControllerSpec[] {
  if (request.leeway?.growable !== undefined) return request.leeway.growable;
  const taken = new Set(request.topology.ids);
  const buses = isRunning(request)
    ? request.topology.hotplug.flatMap(({ bus, capacity }) =>
        Array.from({ length: Math.min(MOST, capacity) }, () => bus),
      )
    : Array.from({ length: MOST }, () => undefined);
  return buses.slice(0, MOST).map((bus) => {
    const id = uniqueId('qplug-xhci', taken);
    taken.add(id);
    return newControllerSpec('qemu-xhci', id, bus);
  });
}
