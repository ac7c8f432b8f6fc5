import { DEFAULT_HUB_PORTS } from '../../qdev/index.js';
import { type Draft, type DraftHub, mayHost } from './draft.js';
import type { Network, PortKind } from './network.js';

/** @returns a hub that the planner adds */
export function addedHub(site: number): DraftHub {
  return { site, ports: DEFAULT_HUB_PORTS, demand: undefined };
}

/**
 * @returns the kinds of ports that can take a hub, least valuable first, because a port that carries more speeds can replace one that
 *   carries fewer, but not the other way round. Ports that a named port needs come last.
 */
export function sitesOf(draft: Draft): number[] {
  const { ports } = draft.network;
  const sites: { site: number; worth: number }[] = [];
  ports.forEach((kind, site) => {
    if (draft.takesHub(site)) sites.push({ site, worth: worth(kind) });
  });
  return sites.sort((a, b) => a.worth - b.worth || a.site - b.site).map(({ site }) => site);
}

/**
 * What is lost with a port, from the weightiest: that it is kept, that it is named, then its speeds, its depth, the place of its
 * controller.
 */
export function worth({ kept, single, mask, depth, controller }: PortKind): number {
  return ((((kept ? 2 : 0) + (single === undefined ? 0 : 1)) * 16 + mask) * 8 + depth) * 65536 + controller;
}

/** @returns the hubs that were asked for and have no place yet, as places in the list of demands */
export function waitingHubs({ network, hubs }: Draft): number[] {
  const placed = new Set(hubs.map(({ demand }) => demand));
  return network.hubs.filter((index) => !placed.has(index));
}

/** @returns the waiting hubs; of hubs that are alike, only the first */
export function unlikeHubs({ problem: { demands } }: Network, waiting: readonly number[]): number[] {
  const seen = new Set<string>();
  return waiting.filter((index) => {
    const demand = demands[index];
    if (demand === undefined) return false;
    const { device, scope, home } = demand;
    const where =
      scope.at === 'port' ? [...scope.names].join() : scope.at === 'controller' ? scope.controller : scope.at;
    const key = [where, home, device.mask, device.mandatory, device.hubPorts].join(' ');
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

/**
 * @returns the names of ports that a pin or a home wants and that do not exist. For a hub that waits it also returns the demand, since the
 *   hub has to be on the port itself, whether the port exists or not.
 */
export function missingPorts(draft: Draft): { readonly name: string; readonly hub: number | undefined }[] {
  const { network } = draft;
  const { ways, own, devices, problem } = network;
  const found = new Map<string, { name: string; hub: number | undefined }>();
  const add = (name: string, hub: number | undefined): void => {
    if (hub === undefined && (ways.chains.get(name)?.length ?? 0) === 0) return;
    const key = hub === undefined ? name : `${name} ${hub}`;
    if (!found.has(key)) found.set(key, { name, hub });
  };
  for (const { members, wanted, places, nowhere } of devices) {
    if (wanted !== undefined && draft.flow.flow(wanted.arc) < members.length) {
      for (const member of members) add(own.get(member) ?? '', undefined);
    } else if (wanted === undefined && nowhere !== undefined) {
      const atHome = places.reduce((sum, place) => sum + (place.away ? 0 : draft.flow.flow(place.arc)), 0);
      if (atHome === members.length) continue;
      for (const member of members) for (const { name } of ways.pins[member] ?? []) add(name, undefined);
    }
  }
  for (const index of waitingHubs(draft)) {
    for (const { name } of ways.pins[index] ?? []) add(name, index);
    const home = ways.homes[index];
    if (home !== undefined && problem.demands[index]?.scope.at !== 'port') add(home.name, index);
  }
  return [...found.values()];
}

/**
 * @param links - the ports that need hubs, nearest to the root first
 * @param waiting - hubs that may be links
 * @returns hubs for those links that have none yet; undefined when that is not possible
 */
export function chainOn(
  draft: Draft,
  links: readonly string[],
  end: { readonly name: string; readonly hub: number | undefined },
  waiting: ReadonlySet<number>,
): DraftHub[] | undefined {
  const { network } = draft;
  const { demands, mayAddHubs } = network.problem;
  const hubbed = new Set(draft.hubs.map(({ site }) => site));
  const left = new Set(waiting);
  const chain: DraftHub[] = [];
  for (const [i, link] of links.entries()) {
    const site = network.singles.get(link);
    if (site === undefined) return undefined;
    if (hubbed.has(site)) continue;
    const next = links[i + 1] ?? end.name;
    const child = Number(next.slice(0, next.indexOf('@')).split('.').at(-1));
    const fitting = [...left].filter((index) => {
      const demand = demands[index];
      const kind = network.ports[site];
      if (demand === undefined || kind === undefined || index === end.hub) return false;
      return mayHost(demand, kind) && (demand.device.hubPorts ?? 0) >= child;
    });
    const demand = fitting.find((index) => demands[index]?.scope.at === 'port') ?? fitting[0];
    if (demand !== undefined) left.delete(demand);
    else if (!mayAddHubs) return undefined;
    chain.push(demand === undefined ? addedHub(site) : { site, ports: demands[demand]?.device.hubPorts ?? 0, demand });
  }
  if (end.hub !== undefined) {
    const site = network.singles.get(end.name) ?? -1;
    const [kind, demand] = [network.ports[site], demands[end.hub]];
    if (kind === undefined || demand === undefined || hubbed.has(site) || !mayHost(demand, kind)) return undefined;
    chain.push({ site, ports: demand.device.hubPorts ?? 0, demand: end.hub });
  }
  return chain;
}
