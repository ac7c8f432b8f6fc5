import type { Growth } from '../planner/index.js';
import { type ControllerSpec, type Topology, uniqueId } from '../qdev/index.js';

/** More than this many added controllers are never considered. */
const MOST = 8;

/** @returns what may be added to a live VM: hubs, and an xHCI with 15 + 15 ports in each slot that takes one */
export function growthOf(
  topology: Topology,
  allowed: { readonly hubs: boolean; readonly controllers: boolean },
): Growth {
  const controllers: ControllerSpec[] = [];
  const taken = new Set(topology.ids);
  for (const slot of allowed.controllers ? topology.hotplug : []) {
    for (let count = 0; count < slot.capacity && controllers.length < MOST; count += 1) {
      const id = uniqueId('qplug-xhci', taken);
      taken.add(id);
      controllers.push({ id, model: 'qemu-xhci', p2: 15, p3: 15, pciBus: slot.bus });
    }
  }
  return { hubs: allowed.hubs, controllers };
}
