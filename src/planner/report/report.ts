import {
  type AttachedDevice,
  type ControllerSpec,
  hubId,
  megabits,
  negotiate,
  portDepth,
  predictHub,
  type Topology,
  uniqueId,
} from '../../qdev/index.js';
import { cheapestFix, type FixSearch, fixSearch } from '../fixes/index.js';
import type { AddedHub, KeptPortTaken, Placement, Plan, PlanStep, Refusal } from '../plan.js';
import type { DeviceRequest, KeptPort, PlanRequest } from '../request.js';
import { isHub, once, type PlanningProblem, type PlanPort, type Solution } from '../solve/index.js';
import { alternativesOf, reasonOf } from './refusal.js';
import { candidatesOf, freeAfterwards, outcomeOf, type PlanOutcome, reservedPorts } from './verdict.js';

interface Solved {
  readonly request: PlanRequest;
  /** By key; the demands of the problem stand in the same order. */
  readonly devices: readonly DeviceRequest[];
  /** With the added controllers. */
  readonly topology: Topology;
  readonly controllers: readonly ControllerSpec[];
  readonly problem: PlanningProblem;
  readonly solution: Solution;
  readonly replan: (request: PlanRequest) => Plan;
}

/** Makes a plan from a solution. */
export function report(solved: Solved): Plan {
  const { devices, topology, controllers, problem, solution } = solved;
  const names = hubNames(solved);
  const outcome = outcomeOf(problem, solution, names);
  const placed = devices.flatMap((device, i) => {
    const port = solution.given[i];
    return port === undefined ? [] : [{ device, port, placement: placementOf(outcome, device, port, i) }];
  });
  placed.sort((a, b) => hubRank(a) - hubRank(b));
  const hubs = solution.layout.hubs.flatMap(({ at, ports, demand }, i): AddedHub[] =>
    demand === undefined ? [{ id: names[i] ?? '', bus: at.bus, port: at.path, ports }] : [],
  );
  const search = fixSearch(solved.request, () => result, solved.replan);
  const reserved = once(() => reservedPorts(outcome));
  const kept = once(() =>
    freeAfterwards(outcome).flatMap(({ name, bus, path }): KeptPort[] => {
      const label = outcome.kept.get(name);
      return label === undefined ? [] : [{ bus, port: path, label }];
    }),
  );
  const result: Plan = {
    placements: placed.map(({ placement }) => placement),
    refusals: devices.flatMap((device, i) =>
      solution.given[i] === undefined ? [refusalOf(solved, outcome, device, i, search)] : [],
    ),
    keptTaken: keptTaken(outcome),
    controllers,
    hubs,
    steps: stepsOf(controllers, hubs, placed),
    after: afterwards(topology, hubs, placed),
    get reserved() {
      return reserved();
    },
    get kept() {
      return kept();
    },
  };
  return result;
}

/** A device that has a port. */
export interface PlacedDevice {
  readonly device: DeviceRequest;
  readonly port: PlanPort;
  readonly placement: Placement;
}

/** Ranks hubs before other devices, and hubs near the root first. */
function hubRank({ device, port }: PlacedDevice): number {
  return device.hubPorts === undefined ? Number.MAX_SAFE_INTEGER : port.depth;
}

function hubNames({ devices, request, topology, solution }: Solved): string[] {
  const taken = new Set(topology.ids);
  for (const { id } of request.devices) if (id !== undefined) taken.add(id);
  return solution.layout.hubs.map(({ at, demand }) => {
    if (demand !== undefined) return devices[demand]?.label ?? '';
    const id = uniqueId(hubId(at.bus, at.path), taken);
    taken.add(id);
    return id;
  });
}

function placementOf(outcome: PlanOutcome, device: DeviceRequest, port: PlanPort, index: number): Placement {
  const candidates = once(() => candidatesOf(outcome, index));
  const home = outcome.problem.demands[index]?.home;
  return {
    key: device.key,
    label: device.label,
    bus: port.bus,
    port: port.path,
    speed: negotiate(device.mask, port.mask) ?? device.native,
    native: device.native,
    ...(home === undefined || home === port.name ? {} : { home: device.home }),
    get candidates() {
      return candidates();
    },
  };
}

function keptTaken({ ports, owners, kept }: PlanOutcome): KeptPortTaken[] {
  return ports.flatMap(({ bus, path, name }) => {
    const [label, by] = [kept.get(name), owners.get(name)];
    return label === undefined || by === undefined ? [] : [{ bus, port: path, label, by }];
  });
}

function refusalOf(
  { problem }: Solved,
  outcome: PlanOutcome,
  device: DeviceRequest,
  index: number,
  search: FixSearch,
): Refusal {
  const demand = problem.demands[index];
  const reason = once(() => reasonOf(outcome, index));
  const candidates = once(() => candidatesOf(outcome, index));
  const alternatives = once(() => alternativesOf(outcome, index));
  const fix = once(() => cheapestFix(search, device));
  return {
    key: device.key,
    label: device.label,
    mandatory: device.mandatory,
    native: device.native,
    hub: demand !== undefined && isHub(demand),
    ...(device.pin === undefined ? {} : { pin: device.pin }),
    get reason() {
      return reason();
    },
    get candidates() {
      return candidates();
    },
    get alternatives() {
      return alternatives();
    },
    get fix() {
      return fix();
    },
  };
}

function stepsOf(
  controllers: readonly ControllerSpec[],
  hubs: readonly AddedHub[],
  placed: readonly PlacedDevice[],
): PlanStep[] {
  const near = (path: string): number => portDepth(path);
  const allHubs = [
    ...hubs.map((hub) => ({ depth: near(hub.port), step: { add: 'hub', hub } as const })),
    ...placed
      .filter(({ device }) => device.hubPorts !== undefined)
      .map(({ port, placement }) => ({ depth: port.depth, step: { add: 'device', placement } as const })),
  ].sort((a, b) => a.depth - b.depth);
  return [
    ...controllers.map((controller) => ({ add: 'controller', controller }) as const),
    ...allHubs.map(({ step }) => step),
    ...placed
      .filter(({ device }) => device.hubPorts === undefined)
      .map(({ placement }) => ({ add: 'device', placement }) as const),
  ];
}

function afterwards(topology: Topology, hubs: readonly AddedHub[], placed: readonly PlacedDevice[]): Topology {
  const added = new Map<string, AttachedDevice[]>();
  const add = (bus: string, device: AttachedDevice): void => {
    const list = added.get(bus);
    if (list === undefined) added.set(bus, [device]);
    else list.push(device);
  };
  const ids = new Set(topology.ids);
  for (const hub of hubs) {
    ids.add(hub.id);
    add(hub.bus, predictHub(hub));
  }
  for (const { device, port, placement } of placed) {
    if (device.id !== undefined) ids.add(device.id);
    add(port.bus, {
      id: device.id,
      qomPath: undefined,
      driver: device.driver ?? (device.hubPorts === undefined ? 'usb-host' : 'usb-hub'),
      port: port.path,
      attached: true,
      megabits: megabits(placement.speed),
      hubPorts: device.hubPorts,
      host: undefined,
      product: undefined,
      automatic: false,
    });
  }
  return {
    ...topology,
    ids,
    controllers: topology.controllers.map((controller) => {
      const more = added.get(controller.bus);
      return more === undefined ? controller : { ...controller, devices: [...controller.devices, ...more] };
    }),
  };
}
