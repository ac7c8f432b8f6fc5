import type { DeviceRequest, Plan, PlanRequest } from '../../../src/planner/index.js';
import type { SpeedMask, Topology } from '../../../src/qdev/index.js';

/**
 * The objectives of docs/planner.md once more, and a search through everything, written without the planner's code and with
 * plain numbers (speed masks as bits 1, 2, 4, 8), so that a mistake there is not repeated here.
 */
interface Port {
  bus: string;
  id: string | undefined;
  controller: number;
  path: string;
  mask: SpeedMask;
  /** Alike ports have the same kind: which of them is taken changes no objective. */
  kind: string;
}

const top = (mask: SpeedMask): number => 31 - Math.clz32(mask);
const SPEED_RANK = { low: 0, full: 1, high: 2, super: 3 } as const;
const depthOf = (path: string): number => path.split('.').length;

function startPorts(topology: Topology): Port[] {
  return topology.controllers.flatMap(({ bus, id, ports, devices }, controller) => {
    const taken = new Set(devices.map(({ port }) => port));
    const all = ports.map(({ port, mask }) => ({ path: `${port}`, mask }));
    for (const { port, hubPorts } of devices) {
      for (let n = 1; n <= (hubPorts ?? 0); n++) all.push({ path: `${port}.${n}`, mask: 3 });
    }
    return all
      .filter(({ path }) => !taken.has(path))
      .map(({ path, mask }) => ({ bus, id, controller, path, mask, kind: `${bus} ${mask} ${depthOf(path)}` }));
  });
}

interface NewHub {
  at: Port;
  ports: number;
  /** The request that it is; undefined for one that the planner adds. */
  device: number | undefined;
}

type Given = (Port | undefined)[];

function allowed(device: DeviceRequest, port: Port): boolean {
  const { pin } = device;
  if (pin?.controller !== undefined && pin.controller !== port.bus && pin.controller !== port.id) return false;
  if (pin?.port !== undefined && pin.port !== port.path) return false;
  const common = device.mask & port.mask;
  if (common === 0) return false;
  if (device.hubPorts !== undefined) return depthOf(port.path) <= 5;
  return device.slower === 'allow' || top(common) >= SPEED_RANK[device.native];
}

/** Whether a device was remembered at a port to which no pin of its own is opposed, and is not there. */
function isAway(
  { home, pin }: DeviceRequest,
  ids: ReadonlyMap<string, string | undefined>,
  port: Port | undefined,
): boolean {
  if (home === undefined) return false;
  if (pin?.controller !== undefined) {
    const isThere = ids.has(pin.controller) ? pin.controller : [...ids].find(([, id]) => id === pin.controller)?.[0];
    if (isThere !== home.bus) return false;
  }
  if (pin?.port !== undefined && (pin.port !== home.port || !ids.has(home.bus))) return false;
  return port?.bus !== home.bus || port.path !== home.port;
}

const idsOf = ({ controllers }: Topology): Map<string, string | undefined> =>
  new Map(controllers.map(({ bus, id }) => [bus, id]));

/** How many more devices each controller numbers. */
const slotsOf = ({ controllers }: Topology): number[] =>
  controllers.map(({ slots, devices }) => (slots === undefined ? 99 : Math.max(0, slots - devices.length)));

/** @returns the objectives, weightiest first, less is better; `controllers` is how many were added */
function objectives(
  asked: PlanRequest,
  hubs: readonly NewHub[],
  given: Given,
  free: readonly Port[],
  controllers: number,
  ids: ReadonlyMap<string, string | undefined>,
): number[] {
  const [noPort, slow] = [[0, 0, 0, 0], { all: 0, super: 0, high: 0 }];
  const kept = new Set((asked.kept ?? []).map(({ bus, port }) => `${bus} ${port}`));
  const isKept = (port: Port | undefined): number =>
    port !== undefined && kept.has(`${port.bus} ${port.path}`) ? 1 : 0;
  let [away, taken] = [0, 0];
  let [slower, steps, depth, order, slowOnFast] = [0, 0, 0, 0, 0];
  asked.devices.forEach((device, i) => {
    const port = given[i];
    const pinned = device.pin !== undefined;
    away += isAway(device, ids, port) ? 1 : 0;
    taken += isKept(port);
    if (port === undefined) {
      noPort[device.mandatory ? 0 : 2]! += 1;
      noPort[device.mandatory ? 1 : 3]! += pinned ? 1 : 0;
      return;
    }
    depth += depthOf(port.path);
    order += port.controller;
    if (device.hubPorts !== undefined) return;
    const below = SPEED_RANK[device.native] - top(device.mask & port.mask);
    slower += below > 0 ? 1 : 0;
    steps += Math.max(0, below);
    if (SPEED_RANK[device.native] > 1) return;
    const atPort = device.pin?.port !== undefined;
    slowOnFast += (port.mask & 8 ? 1 : 0) + (port.mask & 4 ? 1 : 0);
    slow.all += atPort ? 0 : 1;
    slow.super += port.mask & 8 && !atPort ? 1 : 0;
    slow.high += port.mask & 4 && !atPort ? 1 : 0;
  });
  const added = hubs.filter(({ device }) => device === undefined);
  for (const { at } of added) {
    depth += depthOf(at.path);
    order += at.controller;
    taken += isKept(at);
  }
  const count = (test: (mask: SpeedMask) => boolean): number => free.filter(({ mask }) => test(mask)).length;
  const [supers, highs, fulls] = [count((m) => (m & 8) > 0), count((m) => (m & 4) > 0), count((m) => (m & 2) > 0)];
  const reserve = asked.growth.hubs ? (asked.reserve ?? 4) : 0;
  const missing = (have: number, hubPlaces: number): number => Math.max(0, reserve + (hubPlaces === 0 ? 1 : 0) - have);
  const lower = {
    super: count((m) => (m & 2) > 0 && (m & 8) === 0),
    high: count((m) => (m & 2) > 0 && (m & 12) === 0),
  };
  const crowding =
    Math.min(lower.super > 0 ? slow.super : slow.all, missing(supers, lower.super)) +
    Math.min(lower.high > 0 ? slow.high : slow.all, missing(highs, lower.high));
  const last = reserve > 0 && fulls === 0 && slow.all > 0 ? 1 : 0;
  return [
    ...noPort,
    slower,
    steps,
    away,
    taken,
    controllers,
    reserve === 0 ? 0 : crowding,
    last,
    added.length,
    -supers,
    -highs,
    -fulls,
    slowOnFast,
    depth,
    order,
  ];
}

export function compare(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((figure, i) => figure !== b[i]);
  return at < 0 ? 0 : a[at]! - b[at]!;
}

const children = ({ at, ports }: NewHub): Port[] =>
  Array.from({ length: ports }, (_, i) => ({
    ...at,
    path: `${at.path}.${i + 1}`,
    mask: 3,
    kind: `under ${at.bus} ${at.path}`,
  }));

/** @returns the objectives of a plan */
export function objectivesOfPlan(asked: PlanRequest, made: Plan, grown: Topology): number[] {
  const all = startPorts(grown);
  const hubs: NewHub[] = [];
  const find = (bus: string, path: string): Port => all.find((port) => port.bus === bus && port.path === path)!;
  for (const step of made.steps) {
    const hub =
      step.add === 'hub'
        ? { at: find(step.hub.bus, step.hub.port), ports: step.hub.ports, device: undefined }
        : step.add === 'device'
          ? {
              at: find(step.placement.bus, step.placement.port),
              ports: asked.devices.find(({ key }) => key === step.placement.key)!.hubPorts ?? 0,
              device: 0,
            }
          : undefined;
    if (hub === undefined) continue;
    if (step.add === 'hub' || hub.ports > 0) hubs.push(hub);
    all.push(...children(hub));
  }
  const given = asked.devices.map(({ key }) => {
    const placement = made.placements.find((one) => one.key === key);
    return placement === undefined ? undefined : find(placement.bus, placement.port);
  });
  const used = new Set([...given, ...hubs.map(({ at }) => at)]);
  return objectives(
    asked,
    hubs,
    given,
    all.filter((port) => !used.has(port)),
    made.controllers.length,
    idsOf(grown),
  );
}

/** The ports that a request names, and those on the way there: which of them is taken may matter. */
function namedPorts({ devices, kept = [] }: PlanRequest): Set<string> {
  const paths = devices.flatMap(({ pin, home }) => [pin?.port, home?.port]).concat(kept.map(({ port }) => port));
  return new Set(
    paths.flatMap((path) => {
      const numbers = path?.split('.') ?? [];
      return numbers.map((_, i) => numbers.slice(0, i + 1).join('.'));
    }),
  );
}

/** @returns the best objectives that there are for this topology, with up to `most` hubs added by the planner */
export function bestObjectives(asked: PlanRequest, grown: Topology, controllers: number, most: number): number[] {
  const named = namedPorts(asked);
  const ids = idsOf(grown);
  const slots = slotsOf(grown);
  let best: number[] | undefined;

  /** Whether those that have no port already outweigh the best. */
  const isWorse = (given: Given, upTo: number): boolean => {
    if (best === undefined) return false;
    const noPort = [0, 0, 0, 0];
    for (let i = 0; i < upTo; i++) {
      const { mandatory, pin, hubPorts } = asked.devices[i]!;
      if (given[i] !== undefined || hubPorts !== undefined) continue;
      noPort[mandatory ? 0 : 2]! += 1;
      noPort[mandatory ? 1 : 3]! += pin === undefined ? 0 : 1;
    }
    return compare(noPort, best.slice(0, 4)) > 0;
  };

  const placeDevices = (free: Port[], hubs: NewHub[], given: Given, i: number): void => {
    const device = asked.devices[i];
    if (device === undefined) {
      const score = objectives(asked, hubs, given, free, controllers, ids);
      if (best === undefined || compare(score, best) < 0) best = score;
      return;
    }
    if (isWorse(given, i)) return;
    if (device.hubPorts !== undefined) {
      placeDevices(free, hubs, given, i + 1);
      return;
    }
    const tried = new Set<string>();
    free.forEach((port, n) => {
      const kind = named.has(port.path) ? `${port.bus} ${port.path}` : port.kind;
      if (tried.has(kind) || slots[port.controller] === 0 || !allowed(device, port)) return;
      tried.add(kind);
      slots[port.controller]! -= 1;
      placeDevices(free.toSpliced(n, 1), hubs, given.with(i, port), i + 1);
      slots[port.controller]! += 1;
    });
    placeDevices(free, hubs, given.with(i, undefined), i + 1);
  };

  const layouts = new Set<string>();
  const placeHubs = (free: Port[], hubs: NewHub[], given: Given, left: number): void => {
    const layout = hubs.map(({ at, device }) => `${at.bus} ${at.path} ${device}`).sort();
    if (layouts.has(layout.join())) return;
    layouts.add(layout.join());
    placeDevices(free, hubs, given, 0);
    const wanted: (number | undefined)[] = asked.devices.flatMap(({ hubPorts }, i) =>
      hubPorts !== undefined && given[i] === undefined ? [i] : [],
    );
    if (asked.growth.hubs && left > 0) wanted.push(undefined);
    for (const device of wanted) {
      const tried = new Set<string>();
      free.forEach((at, n) => {
        const kind = named.has(at.path) ? `${at.bus} ${at.path}` : at.kind;
        const fits =
          device === undefined ? (at.mask & 2) > 0 && depthOf(at.path) <= 5 : allowed(asked.devices[device]!, at);
        if (!fits || slots[at.controller] === 0 || tried.has(kind)) return;
        tried.add(kind);
        const hub = { at, ports: device === undefined ? 8 : asked.devices[device]!.hubPorts!, device };
        slots[at.controller]! -= 1;
        placeHubs(
          [...free.toSpliced(n, 1), ...children(hub)],
          [...hubs, hub],
          device === undefined ? given : given.with(device, at),
          device === undefined ? left - 1 : left,
        );
        slots[at.controller]! += 1;
      });
    }
  };

  placeHubs(
    startPorts(grown),
    [],
    asked.devices.map(() => undefined),
    most,
  );
  return best!;
}
