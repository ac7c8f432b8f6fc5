import type { Draft, DraftHub } from './draft.js';
import type { DeviceKind, Network } from './network.js';
import { comparePlanPorts, type Layout, layoutOf, type NewHub, newHub, type PlanPort } from './space.js';

/** Which hubs are added where, and the port of each demand in the order of the demands. */
export interface HandedOut {
  readonly layout: Layout;
  readonly given: readonly (PlanPort | undefined)[];
}

/**
 * Turns a draft, which only counts, into real ports. Of similar ports the lowest come first, and similar devices get them in the order of
 * their keys.
 */
export function handOut(draft: Draft): HandedOut {
  return new HandOut(draft).done();
}

class HandOut {
  readonly #draft: Draft;
  readonly #network: Network;
  /** By kind: the ports that are not given yet, ascending. */
  readonly #free: PlanPort[][];
  /** Ports by name, those of hubs at single ports included. */
  readonly #ports: Map<string, PlanPort>;
  readonly #given: (PlanPort | undefined)[];
  readonly #hubs: NewHub[] = [];

  constructor(draft: Draft) {
    this.#draft = draft;
    this.#network = draft.network;
    this.#free = draft.network.ports.map(({ ports }) => [...ports]);
    this.#ports = new Map(draft.network.ports.flatMap(({ ports }) => ports.map((port) => [port.name, port])));
    this.#given = draft.network.problem.demands.map(() => undefined);
  }

  done(): HandedOut {
    const { ports } = this.#network;
    const order = (hub: DraftHub): number => ports[hub.site]?.depth ?? 0;
    const hubs = this.#draft.hubs
      .map((hub, i) => ({ hub, i }))
      .sort(
        (a, b) => order(a.hub) - order(b.hub) || (a.hub.demand ?? Infinity) - (b.hub.demand ?? Infinity) || a.i - b.i,
      )
      .map(({ hub }) => hub);
    for (const hub of hubs) if (ports[hub.site]?.single !== undefined) this.#putHub(hub);
    const rest = this.#network.devices.map((kind) => this.#putAtOwn(kind));
    for (const hub of hubs) if (ports[hub.site]?.single === undefined) this.#putHub(hub);
    this.#network.devices.forEach(({ base }, i) => {
      if (base !== undefined) rest[base.kind]?.push(...(rest[i] ?? []));
    });
    this.#putOthers(rest);
    this.#hubs.sort((a, b) => a.at.depth - b.at.depth || comparePlanPorts(a.at, b.at));
    return { layout: layoutOf(this.#network.space, this.#hubs), given: this.#given };
  }

  #putHub({ site, ports, demand }: DraftHub): void {
    const at = this.#free[site]?.shift();
    if (at === undefined) return;
    if (demand !== undefined) this.#given[demand] = at;
    const hub = newHub(at, ports, demand);
    this.#hubs.push(hub);
    const { singles, keptNames, childKind } = this.#network;
    const touched = new Set<number>();
    for (const child of hub.children) {
      const kind = singles.get(child.name) ?? childKind(child.controller, child.depth, keptNames.has(child.name));
      this.#free[kind]?.push(child);
      this.#ports.set(child.name, child);
      touched.add(kind);
    }
    for (const kind of touched) this.#free[kind]?.sort(comparePlanPorts);
  }

  /**
   * Gives devices their own ports.
   *
   * @returns the other devices, in the order of the demands
   */
  #putAtOwn({ wanted, members }: DeviceKind): number[] {
    let left = wanted === undefined ? 0 : this.#draft.flow.flow(wanted.arc);
    if (wanted === undefined || left === 0) return [...members];
    const { own } = this.#network;
    const taken = new Set<string>();
    const rest = members.filter((member) => {
      const name = own.get(member) ?? '';
      const port = this.#ports.get(name);
      if (left === 0 || port === undefined || taken.has(name)) return true;
      left--;
      taken.add(name);
      this.#given[member] = port;
      return false;
    });
    this.#free[wanted.kind] = this.#free[wanted.kind]?.filter(({ name }) => !taken.has(name)) ?? [];
    return rest;
  }

  #putOthers(rest: readonly number[][]): void {
    const { flow } = this.#draft;
    const { devices, pools } = this.#network;
    const first = (kinds: readonly number[]): PlanPort | undefined =>
      kinds.flatMap((kind) => this.#free[kind]?.slice(0, 1) ?? []).sort(comparePlanPorts)[0];
    const firsts = pools.map(({ kinds }) => first(kinds.map(({ kind }) => kind)));
    const inPool = pools.map((): number[] => []);
    const inKind = this.#free.map((): number[] => []);
    devices.forEach(({ places }, i) => {
      const waiting = (rest[i] ?? []).sort((a, b) => a - b);
      let next = 0;
      const used = places.flatMap((place) => {
        const amount = flow.flow(place.arc);
        const port = place.pool === undefined ? first([place.kind ?? -1]) : firsts[place.pool];
        return amount === 0 || port === undefined ? [] : [{ place, amount, port }];
      });
      used.sort((a, b) => comparePlanPorts(a.port, b.port));
      for (const { place, amount } of used) {
        const list = place.pool === undefined ? inKind[place.kind ?? -1] : inPool[place.pool];
        list?.push(...waiting.slice(next, next + amount));
        next += amount;
      }
    });
    pools.forEach(({ kinds }, i) => {
      const waiting = inPool[i]?.sort((a, b) => a - b) ?? [];
      let next = 0;
      const used = kinds.flatMap(({ kind, arc }) => {
        const [port] = this.#free[kind] ?? [];
        const amount = flow.flow(arc);
        return amount === 0 || port === undefined ? [] : [{ kind, amount, port }];
      });
      used.sort((a, b) => comparePlanPorts(a.port, b.port));
      for (const { kind, amount } of used) {
        inKind[kind]?.push(...waiting.slice(next, next + amount));
        next += amount;
      }
    });
    inKind.forEach((demands, kind) => {
      demands
        .sort((a, b) => a - b)
        .forEach((demand, i) => {
          this.#given[demand] = this.#free[kind]?.[i];
        });
    });
  }
}
