import { type Controller, controllerModel, rootPorts, type Topology, withCompanions } from '../../qdev/index.js';
import type { PlanChange, PlanFix } from '../plan.js';
import type { DeviceRequest, PlanRequest } from '../request.js';
import { growable } from './growable-controllers.js';
import { newControllerSpec } from './new-controller.js';

/**
 * Makes the changes of a fix.
 *
 * @param key - the key of the device that the fix is for
 * @returns the changed request, or the same request where the fix is `none`
 */
export function withFix(request: PlanRequest, key: string, fix: PlanFix): PlanRequest {
  switch (fix.fix) {
    case 'none':
      return request;
    case 'both':
      return fix.changes.reduce((now, change) => withChange(now, key, change), request);
    default:
      return withChange(request, key, fix);
  }
}

function withChange(request: PlanRequest, key: string, change: PlanChange): PlanRequest {
  const { topology, growth } = request;
  switch (change.fix) {
    case 'repin':
      return instead(request, key, { pin: { controller: change.controller, port: change.port } });
    case 'unpin':
      return instead(request, key, { pin: undefined });
    case 'allow-slower':
      return instead(request, key, { slower: 'allow' });
    case 'grow': {
      const controllers =
        change.what === 'hubs' || growth.controllers.length > 0 ? growth.controllers : growable(request);
      return { ...request, growth: { hubs: growth.hubs || change.what !== 'controllers', controllers } };
    }
    case 'more-ports':
      return { ...request, topology: withPorts(topology, change.controller, change.ports) };
    case 'add-companions':
      return { ...request, topology: withGroup(topology, change.controller) };
    case 'add-controller': {
      const spec = newControllerSpec(change.model, change.id, change.bus);
      return { ...request, growth: { ...growth, controllers: [...growth.controllers, spec] } };
    }
    case 'detach':
      return { ...request, topology: withoutDevice(topology, change.device) };
  }
}

function instead(request: PlanRequest, key: string, change: Partial<DeviceRequest>): PlanRequest {
  return { ...request, devices: request.devices.map((one) => (one.key === key ? { ...one, ...change } : one)) };
}

function withPorts(topology: Topology, id: string, count: number): Topology {
  return changed(topology, id, (controller) => {
    const facts = controllerModel(controller.model);
    return facts === undefined
      ? controller
      : { ...controller, ports: rootPorts(facts, { p2: count, p3: count, numPorts: count }) };
  });
}

/** Six ports for 1.5, 12 and 480 Mb/s (docs/config/ich9-ehci-uhci.cfg in QEMU). */
function withGroup(topology: Topology, id: string): Topology {
  return changed(topology, id, (controller) => ({
    ...controller,
    model: 'ich9-usb-ehci1',
    ports: withCompanions(controller.ports, [{ firstport: 0, count: controller.ports.length }]),
  }));
}

function changed(topology: Topology, id: string, change: (controller: Controller) => Controller): Topology {
  return { ...topology, controllers: topology.controllers.map((one) => (one.id === id ? change(one) : one)) };
}

function withoutDevice(topology: Topology, name: string): Topology {
  const ids = new Set(topology.ids);
  ids.delete(name);
  const controllers = topology.controllers.map((one) => ({
    ...one,
    devices: one.devices.filter(({ id, qomPath }) => (id ?? qomPath) !== name),
  }));
  return { ...topology, ids, controllers };
}
