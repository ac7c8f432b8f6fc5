import type { ControllerSpec } from './device-spec.js';
import {
  controllerPorts,
  HUB_PORT_MASK,
  type HubSpec,
  predictControllers,
  predictHub,
  withCompanions,
} from './models/index.js';
import { childPort, portDepth, sortByPort } from './port-path.js';
import type { SpeedMask } from './speed.js';
import type { AttachedDevice, Controller, Topology } from './topology.js';

/** One port that exists: of a root hub, or of a hub that sits on the bus. */
export interface PortView {
  /** QEMU's path. */
  readonly port: string;
  /** The speeds that it takes. */
  readonly mask: SpeedMask;
  /** 1 for a root port. */
  readonly depth: number;
  readonly occupant: AttachedDevice | undefined;
}

/**
 * @returns every port of a controller that is known to exist, root ports and hub ports, in the order of their paths. The ports of a
 *   hub whose own port is not known are missing, see `unplacedDevices`.
 */
export function portsOf(controller: Controller): PortView[] {
  const occupants = new Map<string, AttachedDevice>();
  for (const device of controller.devices) if (device.port !== undefined) occupants.set(device.port, device);
  const views: PortView[] = [];
  const add = (port: string, mask: SpeedMask): void => {
    const occupant = occupants.get(port);
    views.push({ port, mask, depth: portDepth(port), occupant });
    for (let n = 1; n <= (occupant?.hubPorts ?? 0); n++) add(childPort(port, n), HUB_PORT_MASK);
  };
  for (const { port, mask } of controller.ports) add(String(port), mask);
  return sortByPort(views);
}

/** @returns the ports with nothing on them. Where there are unplaced devices, some of these are in use. */
export function freePorts(controller: Controller): PortView[] {
  return portsOf(controller).filter((view) => view.occupant === undefined);
}

/** @returns the devices whose port QEMU did not report: any port that seems free may be theirs */
export function unplacedDevices(controller: Controller): AttachedDevice[] {
  return controller.devices.filter((device) => device.port === undefined);
}

/** @returns a controller by its id or by the name of its bus; a bus name comes first, since it is unique */
export function findController(topology: Topology, idOrBus: string): Controller | undefined {
  return (
    topology.controllers.find((controller) => controller.bus === idOrBus) ??
    topology.controllers.find((controller) => controller.id === idOrBus)
  );
}

/** @returns the speeds that a port takes, or undefined when there is no such bus or port */
export function portMask(topology: Topology, bus: string, port: string): SpeedMask | undefined {
  const controller = topology.controllers.find((one) => one.bus === bus);
  return controller === undefined ? undefined : portsOf(controller).find((view) => view.port === port)?.mask;
}

/** A device for a prediction: the members that must be known, and the others where they are known. */
export type NewDevice = Pick<AttachedDevice, 'id' | 'driver' | 'port'> & Partial<AttachedDevice>;

/** @returns the topology with one more device on a bus; unchanged when there is no such bus */
export function withDevice(topology: Topology, bus: string, device: NewDevice): Topology {
  const added: AttachedDevice = {
    qomPath: undefined,
    attached: true,
    megabits: undefined,
    hubPorts: undefined,
    host: undefined,
    product: undefined,
    automatic: false,
    ...device,
  };
  if (!topology.controllers.some((controller) => controller.bus === bus)) return topology;
  return {
    ...topology,
    ids: added.id === undefined ? topology.ids : new Set([...topology.ids, added.id]),
    controllers: topology.controllers.map((controller) =>
      controller.bus === bus ? { ...controller, devices: [...controller.devices, added] } : controller,
    ),
  };
}

/** @returns the topology with one more hub on a bus; unchanged when there is no such bus */
export function withHub(topology: Topology, bus: string, hub: HubSpec): Topology {
  return withDevice(topology, bus, predictHub(hub));
}

/**
 * Adds a controller as QEMU would (hw/usb/hcd-xhci.c, hcd-ehci.c, hcd-uhci.c, hcd-ohci.c).
 *
 * @returns the topology with one more controller. A companion widens the ports of its EHCI. A controller in a hot-plug slot takes
 *   one from the capacity of that slot.
 */
export function withController(topology: Topology, spec: ControllerSpec): Topology {
  return {
    ...topology,
    ids: new Set([...topology.ids, spec.id]),
    controllers:
      spec.masterbus === undefined
        ? [...topology.controllers, ...predictControllers([spec])]
        : topology.controllers.map((controller) =>
            controller.bus === spec.masterbus
              ? {
                  ...controller,
                  ports: withCompanions(controller.ports, [
                    { firstport: spec.firstport ?? 0, count: controllerPorts(spec).length },
                  ]),
                }
              : controller,
          ),
    hotplug: topology.hotplug
      .map((slot) => (slot.bus === spec.pciBus ? { ...slot, capacity: slot.capacity - 1 } : slot))
      .filter((slot) => slot.capacity > 0),
  };
}

/** @returns the topology of a VM without any USB, from which predictions start */
export function emptyTopology(version: Topology['version']): Topology {
  return { version, controllers: [], hotplug: [], ids: new Set() };
}
