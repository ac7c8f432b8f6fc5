import type { Growth } from '../../planner/index.js';
import { type Capabilities, type ControllerSpec, mayHave, type Topology, uniqueId } from '../../qdev/index.js';

/** qplug plans at most this many added controllers. */
const MOST = 8;

/** QOM types that qplug may add to a running VM, if its QEMU has them. */
export const GROWTH_MODELS = ['usb-hub', 'qemu-xhci'] as const;

/**
 * @param capabilities - QEMU's answer about `GROWTH_MODELS`; undefined where qplug did not ask
 * @returns what qplug may add to a running VM: hubs, and an xHCI with 15 + 15 ports in each free hotplug slot, as far as its QEMU has them
 */
export function growthOf(
  topology: Topology,
  allowed: { readonly hubs: boolean; readonly controllers: boolean },
  capabilities?: Capabilities,
): Growth {
  const [hub, controller] = GROWTH_MODELS;
  const controllers: ControllerSpec[] = [];
  const taken = new Set(topology.ids);
  for (const slot of allowed.controllers && mayHave(capabilities, controller) ? topology.hotplug : []) {
    for (let count = 0; count < slot.capacity && controllers.length < MOST; count += 1) {
      const id = uniqueId('qplug-xhci', taken);
      taken.add(id);
      controllers.push({ id, model: controller, p2: 15, p3: 15, pciBus: slot.bus });
    }
  }
  return { hubs: allowed.hubs && mayHave(capabilities, hub), controllers };
}
