import { FULL, HIGH, HUB_PORT_MASK, MAX_HUB_CHAIN, SPEEDS, type SpeedMask, SUPER } from '../../qdev/index.js';
import { type Demand, isHub, isSlow, mayCrowd, stepsBelowNative } from './demand.js';
import { type Cost, MinCostFlow } from './min-cost-flow.js';
import type { PlanningProblem } from './problem.js';
import { comparePlanPorts, fastness, type PlanPort, portName, type Space } from './space.js';
import { type Addends, IS_AWAY, missing, onController, placed, spare, used } from './tally.js';
import { type NamedPort, type Ways, waysOf } from './ways.js';

/** Ports of one controller that are alike except for their numbers, or a single port that must be distinguished from these. */
export interface PortKind {
  readonly controller: number;
  readonly mask: SpeedMask;
  readonly depth: number;
  readonly kept: boolean;
  /** The name and path of a single port. It may belong to a hub that does not exist. */
  readonly single: { readonly name: string; readonly path: string } | undefined;
  /** The free ports of this kind that exist without any new hub, ascending. */
  readonly ports: readonly PlanPort[];
  /** The arc from the pool of similar ports. It is closed while no such port exists, so that no path tries it in vain. */
  readonly poolArc: number;
  /** The arc to the slots of the controller, or to the sink. Its flow is the number of ports in use. */
  readonly arc: number;
  /** For tallies: a free port, and a port in use. */
  readonly spare: Addends;
  readonly used: Addends;
}

/** Devices that differ only in their names, and perhaps in which of many similar ports they want. */
export interface DeviceKind {
  readonly sample: Demand;
  /** Places in the list of demands, ascending. */
  readonly members: readonly number[];
  readonly node: number;
  /** Where they may go: to a pool of ports, or to one kind of port. */
  readonly places: readonly PortArc[];
  /**
   * The kind of port that they want: each wants its own port of this kind, which is its home or where it is pinned. The arc has as much
   * room as there are such ports.
   */
  readonly wanted: { readonly arc: number; readonly kind: number } | undefined;
  /** For devices with homes: the same kind without a home, where those go that cannot be at home. */
  readonly base: { readonly arc: number; readonly kind: number } | undefined;
  /** The arc for devices without a port; `away`: they were remembered at the port that they are pinned to. */
  readonly nowhere: { readonly arc: number; readonly away: boolean } | undefined;
}

export interface PortArc {
  readonly arc: number;
  readonly mask: SpeedMask;
  readonly pool: number | undefined;
  readonly kind: number | undefined;
  /** Whether a remembered device is not at home there. */
  readonly away: boolean;
}

/** Ports that are alike except for the controller. */
export interface Pool {
  /** Kinds of ports, with the arcs that lead to them. */
  readonly kinds: readonly { readonly kind: number; readonly arc: number }[];
}

/** The node to which all ports lead. */
export const SINK = 0;

/**
 * The network of a problem: from kinds of devices through pools to kinds of ports, and on to the sink. It does not contain where the hubs
 * are.
 */
export interface Network {
  readonly problem: PlanningProblem;
  readonly space: Space;
  readonly ways: Ways;
  /** Without any capacity yet. */
  readonly flow: MinCostFlow;
  readonly ports: readonly PortKind[];
  readonly pools: readonly Pool[];
  readonly devices: readonly DeviceKind[];
  /** By controller: the arc of its slots, and the number of free slots. */
  readonly slots: readonly ({ readonly arc: number; readonly free: number } | undefined)[];
  /** The hubs that were asked for, as places in the list of demands. */
  readonly hubs: readonly number[];
  /** Kinds of single ports by name. */
  readonly singles: ReadonlyMap<string, number>;
  /** By port name: the kind of device that wants the port, if only one kind does and the port is not a single one. */
  readonly wanters: ReadonlyMap<string, number>;
  /** By demand: the name of the port of its own that it wants, see `DeviceKind.wanted`. */
  readonly own: ReadonlyMap<number, string>;
  /** How many devices were remembered at a port that they cannot return to, whatever is added. */
  readonly homeless: number;
  readonly keptNames: ReadonlySet<string>;
  /** The kind of those ports of new hubs that are not single. */
  readonly childKind: (controller: number, depth: number, kept: boolean) => number;
}

/**
 * The objectives that add up over devices become digits of a cost, the weightiest first. The digits are far enough apart that what a path
 * adds to one digit never carries into the next. A path visits a pool once, and it visits a kind of device that may go anywhere once. Of
 * the kinds that are tied to a controller, it meets only those of the controllers that it passes.
 */
const NOWHERE = 2 ** 45;
const SLOWER = 2 ** 34;
const STEP_BELOW = 2 ** 22;
const AWAY = 2 ** 11;
const KEPT = 1;
const CROWDS = 2 ** 39;
const CROWDS_FAST = 2 ** 26;
const SUPER_USED = 2 ** 13;
const HIGH_USED = 1;
const FULL_USED = 2 ** 39;
const SLOW_ON_FAST = 2 ** 28;
const DEPTH = 2 ** 15;

/** A device without a port: mandatory, mandatory and pinned, optional, optional and pinned. */
function nowhereCost({ device, scope }: Demand, away: boolean): Cost {
  const weight = (device.mandatory ? 16 : 1) * (scope.at === 'any' ? 4 : 5);
  return [weight * NOWHERE + (away ? AWAY : 0), 0, 0];
}

/**
 * The cost of a place: slower than native, and by how much; not at home; a device that crowds, and on what; and a slow device on a fast
 * port.
 */
function placeCost(demand: Demand, mask: SpeedMask, steps: number, away: boolean, sparing: boolean): Cost {
  const fast = isSlow(demand) ? fastness(mask) : 0;
  const slower = steps === 0 ? 0 : SLOWER + steps * STEP_BELOW;
  const crowds = sparing && mayCrowd(demand) ? CROWDS + fast * CROWDS_FAST : 0;
  return [slower + (away ? AWAY : 0), crowds, fast * SLOW_ON_FAST];
}

/** The cost of using a port: whether it was kept, what it could carry, how deep it is, and the order of controllers. */
function portCost({ mask, depth, controller, kept }: Pick<PortKind, 'mask' | 'depth' | 'controller' | 'kept'>): Cost {
  const bit = (speed: SpeedMask): number => ((mask & speed) === 0 ? 0 : 1);
  return [
    kept ? KEPT : 0,
    bit(SUPER) * SUPER_USED + bit(HIGH) * HIGH_USED,
    bit(FULL) * FULL_USED + depth * DEPTH + controller,
  ];
}

/**
 * @param sparing - whether the network keeps slow devices that crowd (all that are not pinned to a port) off fast ports, and off ports at
 *   all, before it weighs anything about the ports. That is right where the plan crowds, and only there.
 */
export function networkOf(problem: PlanningProblem, space: Space, sparing = false): Network {
  return new Builder(problem, space, sparing).build();
}

interface PoolDraft {
  readonly mask: SpeedMask;
  node: number;
  kinds: { kind: number; arc: number }[];
}

class Builder {
  readonly #problem: PlanningProblem;
  readonly #space: Space;
  readonly #sparing: boolean;
  readonly #ways: Ways;
  readonly #keptNames: ReadonlySet<string>;
  readonly #flow = new MinCostFlow();
  /** Kinds of ports; their nodes are made when all kinds are known. */
  readonly #ports: (Omit<PortKind, 'arc' | 'poolArc' | 'ports'> & {
    ports: PlanPort[];
    node: number;
    arc: number;
    poolArc: number;
  })[] = [];
  readonly #spare = new Map<number, Addends>();
  readonly #used = new Map<number, Addends>();
  readonly #placed = new Map<number, Addends>();
  readonly #plain = new Map<number, number>();
  readonly #singles = new Map<string, number>();
  readonly #pools: PoolDraft[] = [];
  readonly #devices: (DeviceKind & { members: number[] })[] = [];
  readonly #bases = new Map<number, number>();
  readonly #kindOf = new Map<string, number>();
  readonly #wanters = new Map<string, number>();
  readonly #own = new Map<number, string>();

  constructor(problem: PlanningProblem, space: Space, sparing: boolean) {
    this.#flow.node();
    this.#problem = problem;
    this.#space = space;
    this.#sparing = sparing;
    this.#ways = waysOf(space, problem.demands, problem.kept, problem.mayAddHubs);
    this.#keptNames = new Set(problem.kept.map(({ bus, port }) => portName(bus, port)));
  }

  build(): Network {
    const { demands, mayAddHubs } = this.#problem;
    const hubs = demands.flatMap((demand, i) => (isHub(demand) ? [i] : []));
    this.#findPorts(mayAddHubs || hubs.length > 0);
    const slots = this.#makePorts();
    this.#makePools();
    let homeless = 0;
    demands.forEach((demand, i) => {
      if (isHub(demand)) return;
      if (this.#place(demand, i)) homeless++;
    });
    this.#openAll();
    return {
      problem: this.#problem,
      space: this.#space,
      ways: this.#ways,
      flow: this.#flow,
      ports: this.#ports,
      pools: this.#pools,
      devices: this.#devices,
      slots,
      hubs,
      singles: this.#singles,
      wanters: this.#wanters,
      own: this.#own,
      homeless,
      keptNames: this.#keptNames,
      childKind: (controller, depth, kept) => this.#plain.get(plainKey(controller, HUB_PORT_MASK, depth, kept)) ?? -1,
    };
  }

  /** Every arc that is neither a port nor a slot takes all devices. */
  #openAll(): void {
    this.#flow.ready();
    const all = this.#problem.demands.length;
    for (const { places, base, nowhere } of this.#devices) {
      for (const { arc } of places) this.#flow.open(arc, all);
      if (base !== undefined) this.#flow.open(base.arc, all);
      if (nowhere !== undefined) this.#flow.open(nowhere.arc, all);
    }
  }

  #findPorts(hubs: boolean): void {
    const roots = new Map<number, number>();
    const free = this.#space.ports.filter(({ held }) => held === undefined);
    for (const port of free) {
      const kept = this.#keptNames.has(port.name);
      const { controller, mask, depth, name, path } = port;
      if (this.#ways.single.has(name)) this.#single({ controller, path, name }, mask, depth, [port]);
      else this.#plainKind(controller, mask, depth, kept).ports.push(port);
      if ((mask & FULL) !== 0 && depth <= (roots.get(controller) ?? MAX_HUB_CHAIN)) roots.set(controller, depth);
    }
    if (!hubs) return;
    for (const [controller, least] of roots) {
      for (let depth = least + 1; depth <= MAX_HUB_CHAIN + 1; depth++) {
        this.#plainKind(controller, HUB_PORT_MASK, depth, false);
      }
    }
    for (const named of this.#ways.single.values()) {
      if (this.#singles.has(named.name)) continue;
      this.#single(named, HUB_PORT_MASK, named.path.split('.').length, []);
    }
    for (const { bus, port } of this.#problem.kept) {
      const chain = this.#ways.chains.get(portName(bus, port));
      const [link] = chain ?? [];
      if (link !== undefined) this.#plainKind(link.controller, HUB_PORT_MASK, port.split('.').length, true);
    }
  }

  #plainKind(controller: number, mask: SpeedMask, depth: number, kept: boolean): { ports: PlanPort[] } {
    const key = plainKey(controller, mask, depth, kept);
    let kind = this.#plain.get(key);
    if (kind === undefined) {
      kind = this.#portsOf(controller, mask, depth, kept, undefined, []);
      this.#plain.set(key, kind);
    }
    return this.#ports[kind] ?? { ports: [] };
  }

  #single({ controller, path, name }: NamedPort, mask: SpeedMask, depth: number, ports: PlanPort[]): void {
    const kept = this.#keptNames.has(name);
    this.#singles.set(name, this.#portsOf(controller, mask, depth, kept, { name, path }, ports));
  }

  /** @returns a new kind of ports */
  #portsOf(
    controller: number,
    mask: SpeedMask,
    depth: number,
    kept: boolean,
    single: PortKind['single'],
    ports: PlanPort[],
  ): number {
    const shape = known(this.#used, plainKey(0, mask, depth, kept), () => used(mask, depth, kept));
    const addends = { spare: known(this.#spare, mask, () => spare(mask)), used: onController(shape, controller) };
    return (
      this.#ports.push({ controller, mask, depth, kept, single, ports, node: 0, arc: 0, poolArc: 0, ...addends }) - 1
    );
  }

  /** Makes the nodes of ports and of slots, and the arcs from there to the sink. Of nodes that cost the same, the older is taken. */
  #makePorts(): Network['slots'] {
    const slots = this.#space.controllers.map(({ slots: all, devices }) => {
      if (all === undefined) return undefined;
      const node = this.#flow.node();
      return { node, arc: this.#flow.arc(node, SINK, [0, 0, 0]), free: Math.max(0, all - devices.length) };
    });
    for (const port of this.#ports) {
      port.ports.sort(comparePlanPorts);
      port.node = this.#flow.node();
      port.arc = this.#flow.arc(port.node, slots[port.controller]?.node ?? SINK, portCost(port), port.used);
    }
    return slots;
  }

  #makePools(): void {
    const pools = new Map<number, PoolDraft>();
    this.#ports.forEach(({ mask, depth, kept, node }, kind) => {
      const key = plainKey(0, mask, depth, kept);
      let pool: PoolDraft | undefined = pools.get(key);
      if (pool === undefined) {
        pool = { mask, node: 0, kinds: [] };
        pools.set(key, pool);
        this.#pools.push(pool);
      }
      pool.kinds.push({ kind, arc: node });
    });
    for (const pool of this.#pools) {
      pool.node = this.#flow.node();
      pool.kinds = pool.kinds.map(({ kind, arc: node }) => {
        const arc = this.#flow.arc(pool.node, node, [0, 0, 0]);
        const port = this.#ports[kind];
        if (port !== undefined) port.poolArc = arc;
        return { kind, arc };
      });
    }
  }

  /** @returns whether the device has a home that it cannot return to */
  #place(demand: Demand, index: number): boolean {
    const { scope } = demand;
    const home = this.#ways.homes[index];
    const pins = this.#ways.pins[index];
    if (pins !== undefined) return this.#placeAtPorts(demand, index, pins, home);
    const base = this.#baseKind(demand);
    const kind = home === undefined ? undefined : this.#portKind(home, demand);
    if (home === undefined || kind === undefined || scope.at === 'nowhere') {
      this.#devices[base]?.members.push(index);
      return demand.home !== undefined;
    }
    this.#wants(demand, index, home, kind, base);
    return false;
  }

  /** @returns the kind of a port by name, if it takes the device */
  #portKind({ controller, path, name }: NamedPort, { device }: Demand): number | undefined {
    const port = this.#ways.ports.get(name);
    const mask = port?.mask ?? HUB_PORT_MASK;
    if (stepsBelowNative(device, mask) === undefined) return undefined;
    const depth = port?.depth ?? path.split('.').length;
    const single = this.#singles.get(name);
    return single ?? this.#plain.get(plainKey(controller, mask, depth, this.#keptNames.has(name)));
  }

  #wants(demand: Demand, index: number, port: NamedPort, kind: number, base: number | undefined): void {
    const single = this.#singles.has(port.name);
    const away = base === undefined && demand.home !== undefined;
    const key = `${base ?? `pin ${typeOf(demand)} ${away}`} ${kind}`;
    let found = this.#kindOf.get(key);
    if (found === undefined) {
      const node = this.#flow.node();
      const mask = this.#ports[kind]?.mask ?? 0;
      const steps = stepsBelowNative(demand.device, mask) ?? 0;
      const arc = this.#placeArc(node, this.#ports[kind]?.node ?? 0, demand, mask, steps, false);
      const parent = base === undefined ? undefined : this.#devices[base];
      found =
        this.#devices.push({
          sample: demand,
          members: [],
          node,
          places: [],
          wanted: { arc, kind },
          base:
            base === undefined || parent === undefined
              ? undefined
              : { arc: this.#flow.arc(node, parent.node, [AWAY, 0, 0], IS_AWAY), kind: base },
          nowhere: base === undefined ? this.#nowhere(node, demand, away) : undefined,
        }) - 1;
      this.#kindOf.set(key, found);
    }
    this.#devices[found]?.members.push(index);
    this.#own.set(index, port.name);
    if (!single) this.#wanters.set(port.name, found);
  }

  #placeAtPorts(demand: Demand, index: number, pins: readonly NamedPort[], home: NamedPort | undefined): boolean {
    const fits = pins.flatMap((port) => {
      const kind = this.#portKind(port, demand);
      return kind === undefined ? [] : [{ port, kind }];
    });
    const [only] = fits;
    const atHome = demand.home !== undefined;
    if (only !== undefined && fits.length === 1 && (!atHome || only.port.name === home?.name)) {
      this.#wants(demand, index, only.port, only.kind, undefined);
      return false;
    }
    const reachable = atHome && fits.some(({ port }) => port.name === home?.name);
    const key = `ports ${typeOf(demand)} ${fits.map(({ kind }) => kind).join(' ')} ${reachable ? home?.name : ''}`;
    let found = this.#kindOf.get(key);
    if (found === undefined) {
      const node = this.#flow.node();
      const places = fits.map(({ port, kind }) =>
        this.#placeAt(node, demand, kind, reachable && port.name !== home?.name),
      );
      const nowhere = this.#nowhere(node, demand, reachable);
      found =
        this.#devices.push({ sample: demand, members: [], node, places, wanted: undefined, base: undefined, nowhere }) -
        1;
      this.#kindOf.set(key, found);
    }
    this.#devices[found]?.members.push(index);
    return atHome && !reachable;
  }

  #placeAt(node: number, demand: Demand, kind: number, away: boolean): PortArc {
    const { mask = 0, node: to = 0 } = this.#ports[kind] ?? {};
    const steps = stepsBelowNative(demand.device, mask) ?? 0;
    return { arc: this.#placeArc(node, to, demand, mask, steps, away), mask, pool: undefined, kind, away };
  }

  #placeArc(from: number, to: number, demand: Demand, mask: SpeedMask, steps: number, away: boolean): number {
    const crowds = isSlow(demand) ? (mayCrowd(demand) ? 2 : 1) : 0;
    const key = ((mask * 4 + steps) * 2 + (away ? 1 : 0)) * 3 + crowds;
    const addends = known(this.#placed, key, () => placed(demand, mask, steps, away));
    return this.#flow.arc(from, to, placeCost(demand, mask, steps, away, this.#sparing), addends);
  }

  #nowhere(node: number, demand: Demand, away: boolean): NonNullable<DeviceKind['nowhere']> {
    return { arc: this.#flow.arc(node, SINK, nowhereCost(demand, away), missing(demand, away)), away };
  }

  /** @returns the kind of the device without its home */
  #baseKind(demand: Demand): number {
    const { scope, device } = demand;
    const where = scope.at === 'any' ? 0 : scope.at === 'controller' ? 2 + scope.controller : 1;
    const key = where * TYPES + typeOf(demand);
    const known = this.#bases.get(key);
    if (known !== undefined) return known;
    const node = this.#flow.node();
    const places: PortArc[] = [];
    if (scope.at === 'any') {
      this.#pools.forEach(({ mask, node: to }, pool) => {
        const steps = stepsBelowNative(device, mask);
        if (steps === undefined) return;
        const arc = this.#placeArc(node, to, demand, mask, steps, false);
        places.push({ arc, mask, pool, kind: undefined, away: false });
      });
    } else if (scope.at === 'controller') {
      for (const kind of this.#onController(scope.controller)) {
        if (stepsBelowNative(device, this.#ports[kind]?.mask ?? 0) === undefined) continue;
        places.push(this.#placeAt(node, demand, kind, false));
      }
    }
    const nowhere = this.#nowhere(node, demand, false);
    const found =
      this.#devices.push({ sample: demand, members: [], node, places, wanted: undefined, base: undefined, nowhere }) -
      1;
    this.#bases.set(key, found);
    return found;
  }

  #byController: number[][] | undefined;

  #onController(controller: number): readonly number[] {
    if (this.#byController === undefined) {
      this.#byController = this.#space.controllers.map(() => []);
      for (const [kind, port] of this.#ports.entries()) this.#byController[port.controller]?.push(kind);
    }
    return this.#byController[controller] ?? [];
  }
}

/** @returns the map's value for a key; it is made if the map has none yet */
function known(map: Map<number, Addends>, key: number, make: () => Addends): Addends {
  const found = map.get(key);
  if (found !== undefined) return found;
  const made = make();
  map.set(key, made);
  return made;
}

function plainKey(controller: number, mask: SpeedMask, depth: number, kept: boolean): number {
  return ((controller * 16 + mask) * 8 + depth) * 2 + (kept ? 1 : 0);
}

const TYPES = 2 ** 8;

/** Everything that matters about a device except its name and where it may go. */
function typeOf({ device: { mask, native, slower, mandatory } }: Demand): number {
  return (((mask & 15) * 4 + SPEEDS.indexOf(native)) * 2 + (slower === 'allow' ? 1 : 0)) * 2 + (mandatory ? 1 : 0);
}
