import { FULL, MAX_HUB_CHAIN, MAX_HUB_PORTS, parsePort } from '../../qdev/index.js';
import type { KeptPort } from '../request.js';
import { type Demand, isHub } from './demand.js';
import { type PlanPort, portName, type Space } from './space.js';

/** A port that is named: by a pin, as a home, or because it is kept. */
export interface NamedPort {
  readonly controller: number;
  readonly path: string;
  readonly name: string;
}

/** Which named ports can be reached, and what that takes. */
export interface Ways {
  /** All existing ports, in use or not. */
  readonly ports: ReadonlyMap<string, PlanPort>;
  /** By demand: where it was; undefined when it cannot return there, whatever is added. */
  readonly homes: readonly (NamedPort | undefined)[];
  /** By demand: the ports that its pin names and that can be reached; undefined without such a pin. */
  readonly pins: readonly (readonly NamedPort[] | undefined)[];
  /** By port name: the free ports, nearest to the root first, that need a hub for the port to exist. Empty when it exists. */
  readonly chains: ReadonlyMap<string, readonly NamedPort[]>;
  /** Ports that must be distinguished from similar ones: several devices want them, or a hub does, or something named depends on them. */
  readonly single: ReadonlyMap<string, NamedPort>;
}

/** @param mayAddHubs - whether the planner may add hubs; those of the request count in any case */
export function waysOf(space: Space, demands: readonly Demand[], kept: readonly KeptPort[], mayAddHubs: boolean): Ways {
  const ports = new Map(space.ports.map((port) => [port.name, port]));
  const buses = new Map<string, number>();
  space.controllers.forEach(({ bus }, i) => {
    if (!buses.has(bus)) buses.set(bus, i);
  });
  const hubs = mayAddHubs || demands.some(isHub);
  const chains = new Map<string, readonly NamedPort[]>();
  const single = new Map<string, NamedPort>();
  const wanted = new Set<string>();

  const find = (controller: number, path: string): NamedPort | undefined => {
    const bus = space.controllers[controller]?.bus ?? '';
    const name = portName(bus, path);
    let chain = chains.get(name);
    if (chain === undefined) {
      chain = chainTo(ports, controller, bus, path, hubs);
      if (chain === undefined) return undefined;
      chains.set(name, chain);
      for (const link of chain) single.set(link.name, link);
    }
    return { controller, path, name };
  };
  const want = (port: NamedPort, alone: boolean): void => {
    if (alone || wanted.has(port.name)) single.set(port.name, port);
    wanted.add(port.name);
  };

  const pins = demands.map((demand) => {
    const { scope } = demand;
    if (scope.at !== 'port') return undefined;
    return scope.controllers.flatMap((controller) => {
      const port = find(controller, scope.path);
      if (port === undefined) return [];
      want(port, isHub(demand) || scope.controllers.length > 1);
      return [port];
    });
  });
  const homes = demands.map((demand, i) => {
    const { home } = demand.device;
    const controller = home === undefined ? undefined : buses.get(home.bus);
    if (home === undefined || demand.home === undefined || controller === undefined) return undefined;
    const pinned = pins[i]?.find(({ name }) => name === demand.home);
    if (pinned !== undefined || pins[i] !== undefined) return pinned;
    const port = find(controller, home.port);
    if (port !== undefined) want(port, isHub(demand));
    return port;
  });
  for (const { bus, port } of kept) {
    const controller = buses.get(bus);
    if (controller !== undefined) find(controller, port);
  }
  return { ports, homes, pins, chains, single };
}

/** @returns where hubs are needed for a port to exist; undefined when it is in use, or cannot come into being */
function chainTo(
  ports: ReadonlyMap<string, PlanPort>,
  controller: number,
  bus: string,
  path: string,
  hubs: boolean,
): NamedPort[] | undefined {
  const there = ports.get(portName(bus, path));
  if (there !== undefined) return there.held === undefined ? [] : undefined;
  const numbers = hubs ? parsePort(path) : undefined;
  if (numbers === undefined || numbers.length > MAX_HUB_CHAIN + 1) return undefined;
  const chain: NamedPort[] = [];
  for (let length = numbers.length - 1; length > 0; length--) {
    if ((numbers[length] ?? 0) > MAX_HUB_PORTS) return undefined;
    const link = numbers.slice(0, length).join('.');
    const name = portName(bus, link);
    chain.unshift({ controller, path: link, name });
    const port = ports.get(name);
    if (port !== undefined) return port.held === undefined && (port.mask & FULL) !== 0 ? chain : undefined;
  }
  return undefined;
}
