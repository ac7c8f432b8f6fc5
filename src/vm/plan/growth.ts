import type { Growth } from '../../planner/index.js';
import { type Capabilities, type ControllerSpec, mayHave, type Topology, uniqueId } from '../../qdev/index.js';

/** More than this many added controllers are never considered. */
const MOST = 8;

/** What is added to a live VM, as QOM types: its QEMU is asked whether it has them. */
export const GROWTH_MODELS = ['usb-hub', 'qemu-xhci'] as const;

/**
 * @param capabilities - what the VM's QEMU said of `GROWTH_MODELS`; undefined where it was not asked
 * @returns what may be added to a live VM, of what its QEMU has: hubs, and an xHCI with 15 + 15 ports in each slot that takes one
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
