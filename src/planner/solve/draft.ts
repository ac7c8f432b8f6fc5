import { negotiate } from '../../qdev/index.js';
import { type Demand, stepsBelowNative } from './demand.js';
import type { MinCostFlow } from './min-cost-flow.js';
import { type DeviceKind, type Network, type PortKind, SINK } from './network.js';
import { DEVICE_FIGURES, type Score } from './score.js';
import { portName, takesHub } from './space.js';
import { IS_ADDED, IS_AWAY, missing, Tally } from './tally.js';

/** A hub on a port of a kind. */
export interface DraftHub {
  readonly site: number;
  readonly ports: number;
  /** The demand that asked for the hub; undefined when the planner adds it. */
  readonly demand: number | undefined;
}

/** A solution in numbers: how many hubs are on which kinds of ports, and how many devices of each kind are on which kinds of ports. */
export class Draft {
  readonly network: Network;
  readonly flow: MinCostFlow;
  /** Parents before children. */
  readonly hubs: readonly DraftHub[];
  readonly #stock: Stock;
  #score: Score | undefined;

  private constructor(network: Network, flow: MinCostFlow, hubs: readonly DraftHub[], stock: Stock) {
    this.network = network;
    this.flow = flow;
    this.hubs = hubs;
    this.#stock = stock;
  }

  /** @returns the draft with these hubs, parents before children; undefined when a hub has no place */
  static of(network: Network, hubs: readonly DraftHub[]): Draft | undefined {
    const stock = new Stock(network);
    const wanted = network.devices.map((kind) => ownPorts(network, kind));
    for (const hub of hubs) {
      if (!stock.takesHub(hub.site)) return undefined;
      for (const { wanter } of stock.put(hub)) if (wanter !== undefined) bump(wanted, wanter, 1);
    }
    const flow = network.flow.copy();
    const all = network.problem.demands.length;
    for (const [kind, { arc, poolArc }] of network.ports.entries()) {
      const count = stock.ports(kind);
      flow.open(arc, count);
      if (count > 0) flow.open(poolArc, all);
    }
    network.slots.forEach((slot, controller) => {
      if (slot !== undefined) flow.open(slot.arc, stock.slots(controller));
    });
    fill(network, flow, wanted);
    return new Draft(network, flow, hubs, stock);
  }

  /** @returns the draft without hubs and without any device */
  static empty(network: Network): Draft {
    return new Draft(network, network.flow.copy(), [], new Stock(network));
  }

  /**
   * @param ports - the highest number of ports that new hubs can have, by controller and depth
   * @returns figures that no draft can improve: the device figures of a network with all ports that there may ever be
   */
  static bound(network: Network, ports: number): Score {
    const flow = network.flow.copy();
    for (const kind of network.ports) {
      const more = kind.depth > 1 && ports > 0 ? ports : 0;
      flow.open(kind.arc, kind.single === undefined ? kind.ports.length + more : 1);
      flow.open(kind.poolArc, network.problem.demands.length);
    }
    for (const slot of network.slots) if (slot !== undefined) flow.open(slot.arc, slot.free);
    fill(
      network,
      flow,
      network.devices.map(({ members }) => members.length),
    );
    return scoreOf(new Draft(network, flow, [], new Stock(network)), true).slice(0, DEVICE_FIGURES);
  }

  /** @returns how many ports of a kind are left for devices or further hubs */
  ports(kind: number): number {
    return this.#stock.ports(kind);
  }

  /** @returns whether a hub can go on a port of this kind */
  takesHub(site: number): boolean {
    return this.#stock.takesHub(site);
  }

  /** @returns how many slots of a controller are not in use */
  freeSlots(controller: number): number {
    const slot = this.network.slots[controller];
    return slot === undefined ? Number.POSITIVE_INFINITY : this.flow.room(slot.arc);
  }

  /** @returns the draft with one port of a kind left free that is in use now, and everything else as cheap as possible */
  leaving(kind: number): Draft {
    const flow = this.flow.copy();
    flow.narrow(this.network.ports[kind]?.arc ?? 0, 1);
    return new Draft(this.network, flow, this.hubs, this.#stock);
  }

  get isShortOfSlots(): boolean {
    return this.network.slots.some((slot) => slot !== undefined && this.flow.room(slot.arc) === 0);
  }

  /** @returns the draft with further hubs, parents before children; undefined when a hub has no place */
  with(more: readonly DraftHub[]): Draft | undefined {
    const { network } = this;
    const flow = this.flow.copy();
    const next = new Draft(network, flow, [...this.hubs, ...more], this.#stock.copy());
    for (const hub of more) if (!next.#add(hub)) return undefined;
    return next;
  }

  #add(hub: DraftHub): boolean {
    const kind = this.network.ports[hub.site];
    if (kind === undefined || !this.takesHub(hub.site)) return false;
    const slot = this.network.slots[kind.controller];
    this.flow.narrow(kind.arc, 1);
    if (slot !== undefined) this.flow.narrow(slot.arc, 1);
    for (const child of this.#stock.put(hub)) {
      const { arc, poolArc } = this.network.ports[child.kind] ?? kind;
      if (this.flow.room(poolArc) + this.flow.flow(poolArc) === 0)
        this.flow.widen(poolArc, this.network.problem.demands.length);
      this.flow.widen(arc, child.count);
      const wanted = child.wanter === undefined ? undefined : this.network.devices[child.wanter]?.wanted;
      if (wanted !== undefined) this.flow.widen(wanted.arc, 1);
    }
    return true;
  }

  /** @returns whether a device has its own port behind the hub, and no other port wanted by its kind is free */
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

  /**
   * @returns how many ports of the kind behind a hub are free, but at most as many as the hub has; 0 for a hub whose ports are of several
   *   kinds
   */
  freeBehind(index: number): number {
    const hub = this.hubs[index];
    const kind = hub === undefined ? undefined : this.network.ports[hub.site];
    if (hub === undefined || kind === undefined || kind.single !== undefined) return 0;
    const child = this.network.childKind(kind.controller, kind.depth + 1, false);
    return Math.min(hub.ports, this.flow.room(this.network.ports[child]?.arc ?? 0));
  }

  /** @returns the draft without one of its hubs; undefined when another hub may depend on it */
  without(index: number): Draft | undefined {
    const hub = this.hubs[index];
    const kind = hub === undefined ? undefined : this.network.ports[hub.site];
    if (hub === undefined || kind === undefined) return undefined;
    const children = childrenOf(this.network, kind, hub.ports);
    const counts = new Map<number, number>();
    for (const child of children) counts.set(child.kind, (counts.get(child.kind) ?? 0) + child.count);
    if ([...counts].some(([child, count]) => this.ports(child) < count)) return undefined;
    const { network } = this;
    const stock = this.#stock.copy();
    stock.take(hub);
    const next = new Draft(network, this.flow.copy(), this.hubs.toSpliced(index, 1), stock);
    for (const child of children) {
      const wanted = child.wanter === undefined ? undefined : network.devices[child.wanter]?.wanted;
      if (wanted !== undefined) next.flow.narrow(wanted.arc, 1);
      next.flow.narrow(network.ports[child.kind]?.arc ?? 0, child.count);
    }
    next.flow.widen(kind.arc, 1);
    const slot = network.slots[kind.controller];
    if (slot !== undefined) next.flow.widen(slot.arc, 1);
    return next;
  }

  get score(): Score {
    this.#score ??= scoreOf(this);
    return this.#score;
  }

  /** Sums over the ports that are left and over the hubs. */
  get tally(): Tally {
    return this.#stock.tally;
  }
}

/** The ports and slots that are left for devices and further hubs. */
class Stock {
  readonly #network: Network;
  /** How many ports, by kind. */
  readonly #ports: Int32Array;
  /** How many slots, by controller; used only for a controller that has slots. */
  readonly #slots: Int32Array;
  readonly tally: Tally;

  constructor(network: Network, like?: Stock) {
    this.#network = network;
    this.#ports =
      like === undefined ? Int32Array.from(network.ports, (kind) => kind.ports.length) : like.#ports.slice();
    this.#slots = like === undefined ? Int32Array.from(network.slots, (slot) => slot?.free ?? 0) : like.#slots.slice();
    this.tally = new Tally(like?.tally);
    if (like === undefined) for (const { spare, ports } of network.ports) this.tally.add(spare, ports.length);
  }

  copy(): Stock {
    return new Stock(this.#network, this);
  }

  ports(kind: number): number {
    return this.#ports[kind] ?? 0;
  }

  slots(controller: number): number {
    return this.#slots[controller] ?? 0;
  }

  takesHub(site: number): boolean {
    const kind = this.#network.ports[site];
    if (kind === undefined || !takesHub(kind) || this.ports(site) < 1) return false;
    return this.#network.slots[kind.controller] === undefined || this.slots(kind.controller) > 0;
  }

  /**
   * Puts a hub on a port that takes it.
   *
   * @returns its ports
   */
  put(hub: DraftHub): readonly Child[] {
    return this.#change(hub, 1);
  }

  take(hub: DraftHub): void {
    this.#change(hub, -1);
  }

  #change({ site, ports, demand }: DraftHub, by: number): readonly Child[] {
    const network = this.#network;
    const kind = network.ports[site];
    if (kind === undefined) return [];
    bump(this.#ports, site, -by);
    if (network.slots[kind.controller] !== undefined) bump(this.#slots, kind.controller, -by);
    this.tally.add(kind.used, by);
    if (demand === undefined) this.tally.add(IS_ADDED, by);
    else {
      const home = network.problem.demands[demand]?.home;
      if (home !== undefined && kind.single?.name !== home) this.tally.add(IS_AWAY, by);
    }
    const children = childrenOf(network, kind, ports);
    for (const child of children) {
      bump(this.#ports, child.kind, by * child.count);
      this.tally.add(network.ports[child.kind]?.spare ?? [], by * child.count);
    }
    return children;
  }
}

/** @returns whether a hub that was asked for may be on ports of a kind */
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

/** @returns how many of the ports that a kind of device wants exist without new hubs; for a single port, as many as the kind has devices */
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
 * Fills a network. Devices whose own port is unkept and at native speed go there first. Every other way costs more, because the device
 * would be away from home or without its port, so these devices cannot have a cheaper flow.
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

/** @param hopeful - whether hubs that were asked for but have no place count as if they had the best possible place */
function scoreOf({ network, flow, hubs, tally }: Draft, hopeful = false): Score {
  const { problem } = network;
  const all = flow.tally.plus(tally);
  all.add(IS_AWAY, network.homeless);
  const placed = network.hubs.length === 0 ? undefined : new Set(hubs.map(({ demand }) => demand));
  for (const index of network.hubs) {
    const demand = problem.demands[index];
    if (demand === undefined || placed?.has(index)) continue;
    if (hopeful && network.ports.some((kind) => mayHost(demand, kind))) {
      if (demand.home !== undefined && network.ways.homes[index] === undefined) all.add(IS_AWAY, 1);
    } else all.add(missing(demand, demand.home !== undefined), 1);
  }
  return all.score(problem);
}

function bump(list: Int32Array | number[], at: number, by: number): void {
  list[at] = (list[at] ?? 0) + by;
}
