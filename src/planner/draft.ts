import { HIGH, negotiate, type SpeedMask, SUPER } from '../qdev/index.js';
import { type Demand, isSlow, mayCrowd, stepsBelowNative } from './demand.js';
import type { MinCostFlow } from './min-cost-flow.js';
import { type DeviceKind, type Network, type PortKind, SINK } from './network.js';
import { crowding, DEVICE_FIGURES, FreeCount, type Score } from './score.js';
import { fastness, portName, takesHub } from './space.js';

/** A hub on a port of a kind. */
export interface DraftHub {
  readonly site: number;
  readonly ports: number;
  /** The demand that asked for it; undefined when the planner did. */
  readonly demand: number | undefined;
}

/** A way to meet a problem in numbers: how many hubs are on which kinds of ports, and how many devices of a kind on which. */
export class Draft {
  readonly network: Network;
  readonly flow: MinCostFlow;
  /** Parents before children. */
  readonly hubs: readonly DraftHub[];
  /** By kind of port: how many there are for devices or further hubs. */
  readonly #ports: Int32Array;
  /** By controller: how many devices and further hubs it has slots for; only where it has slots. */
  readonly #slots: Int32Array;
  #score: Score | undefined;

  private constructor(
    network: Network,
    flow: MinCostFlow,
    hubs: readonly DraftHub[],
    ports: Int32Array,
    slots: Int32Array,
  ) {
    this.network = network;
    this.flow = flow;
    this.hubs = hubs;
    this.#ports = ports;
    this.#slots = slots;
  }

  /** @returns the draft with these hubs, parents before children; undefined when one has no place */
  static of(network: Network, hubs: readonly DraftHub[]): Draft | undefined {
    const ports = Int32Array.from(network.ports, (kind) => kind.ports.length);
    const slots = Int32Array.from(network.slots, (slot) => slot?.free ?? 0);
    const wanted = network.devices.map((kind) => ownPorts(network, kind));
    for (const { site, ports: count } of hubs) {
      const kind = network.ports[site];
      if (kind === undefined || !takesHub(kind) || (ports[site] ?? 0) < 1) return undefined;
      if (network.slots[kind.controller] !== undefined) {
        if ((slots[kind.controller] ?? 0) < 1) return undefined;
        bump(slots, kind.controller, -1);
      }
      bump(ports, site, -1);
      for (const child of childrenOf(network, kind, count)) {
        bump(ports, child.kind, child.count);
        if (child.wanter !== undefined) bump(wanted, child.wanter, 1);
      }
    }
    const flow = network.flow.copy();
    const all = network.problem.demands.length;
    for (const [kind, { arc, poolArc }] of network.ports.entries()) {
      const count = ports[kind] ?? 0;
      flow.open(arc, count);
      if (count > 0) flow.open(poolArc, all);
    }
    network.slots.forEach((slot, controller) => {
      if (slot !== undefined) flow.open(slot.arc, slots[controller] ?? 0);
    });
    fill(network, flow, wanted);
    return new Draft(network, flow, hubs, ports, slots);
  }

  /** @returns the draft without hubs and without any device */
  static empty(network: Network): Draft {
    const ports = Int32Array.from(network.ports, (kind) => kind.ports.length);
    const slots = Int32Array.from(network.slots, (slot) => slot?.free ?? 0);
    return new Draft(network, network.flow.copy(), [], ports, slots);
  }

  /**
   * @param ports - how many ports of a new hub there are at most, by controller and depth
   * @returns figures that no draft betters, as many as speak of the devices: with all ports that there may ever be
   */
  static bound(network: Network, ports: number): Score {
    const all = Int32Array.from(network.ports, (kind) =>
      kind.single === undefined ? kind.ports.length + (kind.depth > 1 && ports > 0 ? ports : 0) : 1,
    );
    const flow = network.flow.copy();
    for (const [kind, { arc, poolArc }] of network.ports.entries()) {
      flow.open(arc, all[kind] ?? 0);
      flow.open(poolArc, network.problem.demands.length);
    }
    for (const slot of network.slots) if (slot !== undefined) flow.open(slot.arc, slot.free);
    fill(
      network,
      flow,
      network.devices.map(({ members }) => members.length),
    );
    const slots = Int32Array.from(network.slots, (slot) => slot?.free ?? 0);
    return scoreOf(new Draft(network, flow, [], all, slots), true).slice(0, DEVICE_FIGURES);
  }

  /** @returns how many ports of a kind are left for devices or further hubs */
  ports(kind: number): number {
    return this.#ports[kind] ?? 0;
  }

  /** @returns whether a hub can go on a port of this kind */
  takesHub(site: number): boolean {
    const kind = this.network.ports[site];
    if (kind === undefined || !takesHub(kind) || this.ports(site) < 1) return false;
    return this.network.slots[kind.controller] === undefined || (this.#slots[kind.controller] ?? 0) > 0;
  }

  /** @returns how many slots of a controller are not in use */
  freeSlots(controller: number): number {
    const slot = this.network.slots[controller];
    return slot === undefined ? Number.POSITIVE_INFINITY : this.flow.room(slot.arc);
  }

  /** @returns this with a port of a kind left free that is in use, all else as cheap as can be */
  leaving(kind: number): Draft {
    const flow = this.flow.copy();
    flow.narrow(this.network.ports[kind]?.arc ?? 0, 1);
    return new Draft(this.network, flow, this.hubs, this.#ports, this.#slots);
  }

  get isShortOfSlots(): boolean {
    return this.network.slots.some((slot) => slot !== undefined && this.flow.room(slot.arc) === 0);
  }

  /** @returns this and further hubs, parents before children; undefined when one has no place */
  with(more: readonly DraftHub[]): Draft | undefined {
    const { network } = this;
    const flow = this.flow.copy();
    const next = new Draft(network, flow, [...this.hubs, ...more], this.#ports.slice(), this.#slots.slice());
    for (const hub of more) if (!next.#add(hub)) return undefined;
    return next;
  }

  #add({ site, ports }: DraftHub): boolean {
    const kind = this.network.ports[site];
    if (kind === undefined || !this.takesHub(site)) return false;
    const slot = this.network.slots[kind.controller];
    this.flow.narrow(kind.arc, 1);
    bump(this.#ports, site, -1);
    if (slot !== undefined) {
      this.flow.narrow(slot.arc, 1);
      bump(this.#slots, kind.controller, -1);
    }
    for (const child of childrenOf(this.network, kind, ports)) {
      bump(this.#ports, child.kind, child.count);
      const { arc, poolArc } = this.network.ports[child.kind] ?? kind;
      if (this.flow.room(poolArc) + this.flow.flow(poolArc) === 0)
        this.flow.widen(poolArc, this.network.problem.demands.length);
      this.flow.widen(arc, child.count);
      const wanted = child.wanter === undefined ? undefined : this.network.devices[child.wanter]?.wanted;
      if (wanted !== undefined) this.flow.widen(wanted.arc, 1);
    }
    return true;
  }

  /** @returns whether a device is at its own port behind a hub, and no other of its kind could have one instead */
  isHomeOnly(index: number): boolean {
    const { network, flow } = this;
    const hub = this.hubs[index];
    const kind = hub === undefined ? undefined : network.ports[hub.site];
    if (hub === undefined || kind === undefined) return false;
    return childrenOf(network, kind, hub.ports).some((child) => {
      const wanted = child.wanter === undefined ? undefined : network.devices[child.wanter]?.wanted;
      return wanted !== undefined && flow.room(wanted.arc) === 0;
    });
  }

  /** @returns how many ports of the kind that is behind a hub are free, at most as many as the hub has; none if it has several kinds */
  freeBehind(index: number): number {
    const hub = this.hubs[index];
    const kind = hub === undefined ? undefined : this.network.ports[hub.site];
    if (hub === undefined || kind === undefined || kind.single !== undefined) return 0;
    const child = this.network.childKind(kind.controller, kind.depth + 1, false);
    return Math.min(hub.ports, this.flow.room(this.network.ports[child]?.arc ?? 0));
  }

  /** @returns this without one of its hubs; undefined when something may hang on it */
  without(index: number): Draft | undefined {
    const hub = this.hubs[index];
    const kind = hub === undefined ? undefined : this.network.ports[hub.site];
    if (hub === undefined || kind === undefined) return undefined;
    const children = childrenOf(this.network, kind, hub.ports);
    const counts = new Map<number, number>();
    for (const child of children) counts.set(child.kind, (counts.get(child.kind) ?? 0) + child.count);
    if ([...counts].some(([child, count]) => this.ports(child) < count)) return undefined;
    const { network } = this;
    const next = new Draft(
      network,
      this.flow.copy(),
      this.hubs.toSpliced(index, 1),
      this.#ports.slice(),
      this.#slots.slice(),
    );
    for (const child of children) {
      const wanted = child.wanter === undefined ? undefined : network.devices[child.wanter]?.wanted;
      if (wanted !== undefined) next.flow.narrow(wanted.arc, 1);
      bump(next.#ports, child.kind, -child.count);
      next.flow.narrow(network.ports[child.kind]?.arc ?? 0, child.count);
    }
    bump(next.#ports, hub.site, 1);
    next.flow.widen(kind.arc, 1);
    const slot = network.slots[kind.controller];
    if (slot !== undefined) {
      bump(next.#slots, kind.controller, 1);
      next.flow.widen(slot.arc, 1);
    }
    return next;
  }

  get score(): Score {
    this.#score ??= scoreOf(this);
    return this.#score;
  }
}

/** @returns whether a hub that was asked for may sit on ports of a kind */
export function mayHost({ device, scope }: Demand, kind: PortKind): boolean {
  if (!takesHub(kind) || negotiate(device.mask, kind.mask) === undefined) return false;
  switch (scope.at) {
    case 'any':
      return true;
    case 'nowhere':
      return false;
    case 'controller':
      return kind.controller === scope.controller;
    case 'port':
      return kind.single !== undefined && scope.names.has(kind.single.name);
  }
}

/** @returns how many of the ports that a kind of device wants are there without new hubs; for a single one, enough */
function ownPorts({ ways, wanters, own, ports, devices }: Network, kind: DeviceKind): number {
  if (kind.wanted === undefined) return 0;
  if (ports[kind.wanted.kind]?.single !== undefined) return kind.members.length;
  let count = 0;
  for (const member of kind.members) {
    const name = own.get(member) ?? '';
    if (ways.ports.has(name) && devices[wanters.get(name) ?? -1] === kind) count++;
  }
  return count;
}

interface Child {
  readonly kind: number;
  readonly count: number;
  readonly wanter: number | undefined;
}

/** @returns the ports of a new hub by kind */
function childrenOf(network: Network, site: PortKind, count: number): Child[] {
  const depth = site.depth + 1;
  if (site.single === undefined) {
    return [{ kind: network.childKind(site.controller, depth, false), count, wanter: undefined }];
  }
  const bus = network.space.controllers[site.controller]?.bus ?? '';
  const children: Child[] = [];
  for (let n = 1; n <= count; n++) {
    const name = portName(bus, `${site.single.path}.${n}`);
    const plain = (): number => network.childKind(site.controller, depth, network.keptNames.has(name));
    children.push({ kind: network.singles.get(name) ?? plain(), count: 1, wanter: network.wanters.get(name) });
  }
  return children;
}

/**
 * Fills a network. Devices that have their own place, unkept and at native speed, go there first: every other way would cost what
 * weighs more, a device away from home or without its port; so no cheaper flow of these devices is possible.
 */
function fill(network: Network, flow: MinCostFlow, wanted: readonly number[]): void {
  const left = network.devices.map(({ members }) => members.length);
  network.devices.forEach((kind, i) => {
    if (kind.wanted === undefined) return;
    const port = network.ports[kind.wanted.kind];
    flow.open(kind.wanted.arc, wanted[i] ?? 0);
    if (port === undefined) return;
    if (kind.base !== undefined && (port.kept || stepsBelowNative(kind.sample.device, port.mask) !== 0)) return;
    const slot = network.slots[port.controller];
    const rooms = [
      left[i] ?? 0,
      wanted[i] ?? 0,
      flow.room(port.arc),
      slot === undefined ? Infinity : flow.room(slot.arc),
    ];
    const amount = Math.min(...rooms);
    flow.put(kind.wanted.arc, amount);
    flow.put(port.arc, amount);
    if (slot !== undefined) flow.put(slot.arc, amount);
    left[i] = (left[i] ?? 0) - amount;
  });
  network.devices.forEach(({ node }, i) => {
    flow.send(node, SINK, left[i] ?? 0);
  });
}

/** @param hopeful - whether hubs that were asked for and have no place count as if they had the best that there may be */
function scoreOf(draft: Draft, hopeful = false): Score {
  const { network, flow, hubs } = draft;
  const { problem } = network;
  const missing = [0, 0, 0, 0];
  let [slower, steps, away, taken] = [0, 0, network.homeless, 0];
  let [slow, slowOnSuper, slowOnHigh, slowOnFast, depth, order] = [0, 0, 0, 0, 0, 0];
  const miss = ({ device, scope }: Demand, count: number): void => {
    const first = device.mandatory ? 0 : 2;
    bump(missing, first, count);
    if (scope.at !== 'any') bump(missing, first + 1, count);
  };
  for (const { sample, places, wanted, base, nowhere } of network.devices) {
    const place = (mask: SpeedMask, arc: number, isAway: boolean): void => {
      const count = flow.flow(arc);
      if (count === 0) return;
      if (isAway) away += count;
      const below = stepsBelowNative(sample.device, mask) ?? 0;
      if (below > 0) slower += count;
      steps += below * count;
      if (!isSlow(sample)) return;
      slowOnFast += fastness(mask) * count;
      if (!mayCrowd(sample)) return;
      slow += count;
      if ((mask & SUPER) !== 0) slowOnSuper += count;
      if ((mask & HIGH) !== 0) slowOnHigh += count;
    };
    for (const one of places) place(one.mask, one.arc, one.away);
    if (wanted !== undefined) place(network.ports[wanted.kind]?.mask ?? 0, wanted.arc, false);
    if (base !== undefined) away += flow.flow(base.arc);
    if (nowhere !== undefined) {
      const count = flow.flow(nowhere.arc);
      miss(sample, count);
      if (nowhere.away) away += count;
    }
  }
  const left = new FreeCount();
  network.ports.forEach((kind, i) => {
    const used = flow.flow(kind.arc);
    left.add(kind.mask, draft.ports(i) - used);
    depth += used * kind.depth;
    order += used * kind.controller;
    if (kind.kept) taken += used;
  });
  let added = 0;
  const placed = new Set<number>();
  for (const { site, demand } of hubs) {
    const kind = network.ports[site];
    if (kind === undefined) continue;
    depth += kind.depth;
    order += kind.controller;
    if (kind.kept) taken++;
    if (demand === undefined) {
      added++;
      continue;
    }
    placed.add(demand);
    const home = problem.demands[demand]?.home;
    if (home !== undefined && kind.single?.name !== home) away++;
  }
  for (const index of network.hubs) {
    const demand = problem.demands[index];
    if (demand === undefined || placed.has(index)) continue;
    if (hopeful && network.ports.some((kind) => mayHost(demand, kind))) {
      if (demand.home !== undefined && network.ways.homes[index] === undefined) away++;
      continue;
    }
    miss(demand, 1);
    if (demand.home !== undefined) away++;
  }
  return [
    ...missing,
    slower,
    steps,
    away,
    taken,
    ...crowding(problem, left, { slow, slowOnSuper, slowOnHigh }),
    added,
    -left.super,
    -left.high,
    -left.full,
    slowOnFast,
    depth,
    order,
  ];
}

function bump(list: Int32Array | number[], at: number, by: number): void {
  list[at] = (list[at] ?? 0) + by;
}
