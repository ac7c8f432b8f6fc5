import {
  type Controller,
  type ControllerSpec,
  comparePorts,
  negotiate,
  portsOf,
  SPEEDS,
  type Topology,
  uniqueId,
} from '../qdev/index.js';
import type { Fix, Plan } from './plan.js';
import type { DeviceRequest, PlanRequest } from './request.js';

/** How many attached devices are tried for `detach`. */
const MOST_DETACHED = 32;

/**
 * Finds the cheapest change after which a refused device has a port and no other lost its own, by planning with it. From cheap to
 * dear: let it be slower, let hubs be added, drop its pin, add a controller, detach something.
 *
 * @param before - the plan in which the device was refused
 * @param replan - the planner itself
 */
export function cheapestFix(
  request: PlanRequest,
  before: Plan,
  device: DeviceRequest,
  replan: (request: PlanRequest) => Plan,
): Fix {
  const kept = new Set(before.placements.map(({ key }) => key));
  const attempt = (changed: PlanRequest): Plan | undefined => {
    const after = replan(changed);
    const placed = new Set(after.placements.map(({ key }) => key));
    return placed.has(device.key) && [...kept].every((key) => placed.has(key)) ? after : undefined;
  };
  const instead = (change: Partial<DeviceRequest>): PlanRequest => ({
    ...request,
    devices: request.devices.map((one) => (one.key === device.key ? { ...one, ...change } : one)),
  });

  if (device.mask === 0) return { fix: 'none' };
  if (device.slower === 'refuse') {
    const slowly = attempt(instead({ slower: 'allow' }));
    const speed = slowly?.placements.find(({ key }) => key === device.key)?.speed;
    if (speed !== undefined && SPEEDS.indexOf(speed) < SPEEDS.indexOf(device.native))
      return { fix: 'allow-slower', speed };
  }
  if (!request.growth.hubs && attempt({ ...request, growth: { ...request.growth, hubs: true } })) {
    return { fix: 'grow', what: 'hubs' };
  }
  if (device.pin !== undefined && attempt(instead({ pin: undefined }))) return { fix: 'unpin' };
  const controller = newController(request.topology, request.growth.controllers);
  if (controller !== undefined) {
    const controllers = [...request.growth.controllers, controller];
    if (attempt({ ...request, growth: { ...request.growth, controllers } })) {
      return { fix: 'add-controller', model: controller.model, id: controller.id, bus: controller.pciBus };
    }
  }
  for (const { id, without } of detachable(request.topology, device)) {
    if (attempt({ ...request, topology: without })) return { fix: 'detach', device: id };
  }
  return { fix: 'none' };
}

/** An xHCI controller with QEMU's default of four ports; undefined where the VM runs already and has no slot for one. */
function newController(topology: Topology, planned: readonly ControllerSpec[]): ControllerSpec | undefined {
  const ids = new Set([...topology.ids, ...planned.map(({ id }) => id)]);
  const spec: ControllerSpec = { id: uniqueId('xhci', ids), model: 'qemu-xhci', p2: 4, p3: 4 };
  if (!topology.controllers.some(({ qomPath }) => qomPath !== undefined)) return spec;
  const slot = topology.hotplug.find(
    ({ bus, capacity }) => capacity > planned.filter(({ pciBus }) => pciBus === bus).length,
  );
  return slot === undefined ? undefined : { ...spec, pciBus: slot.bus };
}

/** Single devices on ports that would take the refused one, each with the topology that is left without it. */
function* detachable(topology: Topology, device: DeviceRequest): Generator<{ id: string; without: Topology }> {
  let tried = 0;
  for (const controller of topology.controllers) {
    if (!controller.known) continue;
    const ports = portsOf(controller).sort((a, b) => comparePorts(a.port, b.port));
    for (const { mask, occupant } of ports) {
      const id = occupant?.id ?? occupant?.qomPath;
      if (occupant === undefined || id === undefined || occupant.hubPorts !== undefined) continue;
      if (negotiate(device.mask, mask) === undefined) continue;
      if (++tried > MOST_DETACHED) return;
      const devices = controller.devices.filter((one) => one !== occupant);
      yield { id, without: replaceController(topology, { ...controller, devices }) };
    }
  }
}

function replaceController(topology: Topology, changed: Controller): Topology {
  return {
    ...topology,
    controllers: topology.controllers.map((one) => (one.bus === changed.bus ? changed : one)),
  };
}
