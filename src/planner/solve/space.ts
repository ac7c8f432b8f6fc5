import {
  type AttachedDevice,
  type Controller,
  childPort,
  FULL,
  HIGH,
  HUB_PORT_MASK,
  MAX_HUB_CHAIN,
  maskOf,
  parentPort,
  parsePort,
  portsOf,
  type SpeedMask,
  SUPER,
  speedOfMegabits,
  type Topology,
  unplacedDevices,
} from '../../qdev/index.js';
import type { Verdict } from '../plan.js';

/** One port as the planner sees it. */
export interface PlanPort {
  /** Unique among all ports of the VM. */
  readonly name: string;
  /** Place of its controller in the topology, from 0. */
  readonly controller: number;
  readonly bus: string;
  readonly path: string;
  /** The numbers of the path. */
  readonly numbers: readonly number[];
  readonly mask: SpeedMask;
  /** 1 for a root port. */
  readonly depth: number;
  /** Why nothing can be planned on this port; undefined for a free port. */
  readonly held: Extract<Verdict, { verdict: 'taken' | 'unsure' }> | undefined;
}

/** Every port of the controllers that qplug knows, in the order of the controllers, then by port number. */
export interface Space {
  readonly controllers: readonly Controller[];
  readonly ports: readonly PlanPort[];
}

/** A hub that a plan puts on a free port. */
export interface NewHub {
  readonly at: PlanPort;
  /** How many downstream ports. */
  readonly ports: number;
  readonly children: readonly PlanPort[];
  /** The demand (its place in the list of demands) that asked for the hub; undefined when the planner adds it. */
  readonly demand: number | undefined;
}

/** A space with hubs added. */
export interface Layout {
  readonly space: Space;
  /** Parents before children. */
  readonly hubs: readonly NewHub[];
  /** Ports with nothing on them, those of the new hubs included. */
  readonly free: readonly PlanPort[];
}

/** @returns the name of a port, which need not exist */
export function portName(bus: string, path: string): string {
  return `${path}@${bus}`;
}

/** @returns whether a port can take a hub: it carries full speed and is within QEMU's chain of five hubs */
export function takesHub({ mask, depth }: Pick<PlanPort, 'mask' | 'depth'>): boolean {
  return (mask & FULL) !== 0 && depth <= MAX_HUB_CHAIN;
}

/** @returns 2 for a port that carries high speed and SuperSpeed, 1 for one of them, 0 for a port that carries neither */
export function fastness(mask: SpeedMask): number {
  return ((mask & SUPER) === 0 ? 0 : 1) + ((mask & HIGH) === 0 ? 0 : 1);
}

/** @returns the name of an attached device: its id, otherwise its type */
export function occupantName(device: AttachedDevice): string {
  return device.id ?? device.driver;
}

/**
 * Reads the ports off a topology. A port that has a device behind it is in use, even if its hub was not seen. A device whose port QEMU did
 * not report may be on any free port that takes its speed, so nothing is planned onto those.
 */
export function spaceOf(topology: Topology): Space {
  const ports = topology.controllers.flatMap((controller, index) =>
    controller.known ? controllerSpace(controller, index) : [],
  );
  return { controllers: topology.controllers, ports };
}

function controllerSpace(controller: Controller, index: number): PlanPort[] {
  const parents = new Map<string, string>();
  for (const device of controller.devices) {
    let path = device.port;
    while (path !== undefined) {
      const parent = parentPort(path);
      if (parent !== undefined) parents.set(parent, occupantName(device));
      path = parent;
    }
  }
  const unplaced = unplacedDevices(controller);
  return portsOf(controller).map(({ port, mask, depth, occupant }) => {
    const by = occupant === undefined ? parents.get(port) : occupantName(occupant);
    const maybe = unplaced.find((device) => (speedsOf(device) & mask) !== 0);
    return {
      name: portName(controller.bus, port),
      controller: index,
      bus: controller.bus,
      path: port,
      numbers: parsePort(port) ?? [],
      mask,
      depth,
      held:
        by !== undefined
          ? { verdict: 'taken', by }
          : maybe !== undefined
            ? { verdict: 'unsure', by: occupantName(maybe) }
            : undefined,
    };
  });
}

/** The speeds that a device may have now. Where QEMU reported none, a hub has full speed and another device may have any. */
function speedsOf(device: AttachedDevice): SpeedMask {
  const speed = device.megabits === undefined ? undefined : speedOfMegabits(device.megabits);
  if (speed !== undefined) return maskOf(speed);
  return device.driver === 'usb-hub' ? FULL : ~0;
}

/** @returns the space with these hubs added; each must be on a port that is free at that point */
export function layoutOf(space: Space, hubs: readonly NewHub[]): Layout {
  const used = new Set(hubs.map(({ at }) => at.name));
  const free = space.ports.filter(({ held, name }) => held === undefined && !used.has(name));
  for (const { children } of hubs) for (const port of children) if (!used.has(port.name)) free.push(port);
  return { space, hubs, free };
}

/** @returns a hub to be added, with its downstream ports */
export function newHub(at: PlanPort, ports: number, demand?: number): NewHub {
  const { controller, bus } = at;
  const children = Array.from({ length: ports }, (_, i): PlanPort => {
    const path = childPort(at.path, i + 1);
    return {
      name: portName(bus, path),
      controller,
      bus,
      path,
      numbers: [...at.numbers, i + 1],
      mask: HUB_PORT_MASK,
      depth: at.depth + 1,
      held: undefined,
    };
  });
  return { at, ports, children, demand };
}

/** Orders ports by controller, then by number: a hub comes before the ports behind it. */
export function comparePlanPorts(a: PlanPort, b: PlanPort): number {
  if (a.controller !== b.controller) return a.controller - b.controller;
  const [left, right] = [a.numbers, b.numbers];
  for (let i = 0; i < left.length && i < right.length; i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}
