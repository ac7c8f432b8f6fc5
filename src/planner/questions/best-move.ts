import {
  type AttachedDevice,
  comparePorts,
  isOurs,
  maskOf,
  negotiate,
  portDepth,
  portMask,
  SPEEDS,
  type Speed,
  speedOfMegabits,
  type Topology,
} from '../../qdev/index.js';
import type { Placement, Plan } from '../plan.js';
import { plan } from '../planner.js';
import type { DeviceRequest, PlanRequest, PortName } from '../request.js';

/** A device of the VM that could be plugged elsewhere: whoever asks knows its speeds, and can make it again. */
export interface Movable extends PortName {
  /** What it would be asked for with, its pin included. */
  readonly request: DeviceRequest;
  /** How much it hurts when the guest loses it for a moment; of two moves the one that hurts less is taken. */
  readonly disturbance: number;
}

/** Whom a move may win a port for, and who may be moved. */
export interface MoveRequest extends Pick<PlanRequest, 'topology' | 'kept' | 'reserve'> {
  /** Whether a hub may be added on the way. Controllers are not: they are added without a move. */
  readonly hubs: boolean;
  /** Devices in the VM that may be moved. What is not here stays. */
  readonly attached: readonly Movable[];
  /** Devices that are to come in. */
  readonly waiting: readonly DeviceRequest[];
}

/** A change of few devices after which one device more has a native port, and no other runs slower than before. */
export interface Move {
  /** Who wins: a device that waited, or one that ran slower. */
  readonly wins: Placement;
  /** What it ran at; undefined for one that had no port. */
  readonly was: Speed | undefined;
  /** Whom the guest loses for a moment, and where each is then. The one that wins is among them when it was attached. */
  readonly moved: readonly { readonly from: PortName; readonly to: Placement }[];
  /** A hub that qplug added, with nothing behind it any more, that goes. */
  readonly hub: (PortName & { readonly id: string }) | undefined;
  /** Where everything goes that is not where it was, with a hub to add where one is needed. */
  readonly plan: Plan;
}

/** One thing to try. */
interface Option {
  readonly winner: DeviceRequest;
  readonly was: Speed | undefined;
  /** Those that are unplugged, the winner last where it is attached. */
  readonly movers: readonly Movable[];
  readonly hub: Move['hub'];
  /** Interruptions, then disturbance; less is better. */
  readonly cost: readonly [number, number];
}

/** So many moves are tried; each is a plan. Those that are like one before are not counted. */
const MOST_TRIED = 256;

/** Where a move adds more hubs, it is no small change any more. */
const MOST_HUBS = 1;

/**
 * Finds the move that wins a native port, by planning with each: a hub that nothing is behind goes (nobody notices), a device that
 * runs slower goes to a port of its speed, one device makes room for another, or two do, which go behind one hub. Fewest
 * interruptions first, then those that disturb least, then fewest hubs added; where all that is equal mandatory devices before
 * others, then keys, then the order of ports. The same request always gives the same move.
 *
 * @returns undefined when no such move wins anything; a device that has a native port without any is not looked at
 */
export function bestMove(request: MoveRequest): Move | undefined {
  const options = unlike(request.topology, optionsOf(request));
  let best: Move | undefined;
  let level: Option['cost'] | undefined;
  for (const option of options.slice(0, MOST_TRIED)) {
    // what is left costs more
    if (best !== undefined && level !== undefined && compareCosts(level, option.cost) < 0) break;
    const move = attempt(request, option);
    if (move === undefined || (best !== undefined && best.plan.hubs.length <= move.plan.hubs.length)) continue;
    [best, level] = [move, option.cost];
    if (move.plan.hubs.length === 0) break;
  }
  return best;
}

/** @returns the options by cost, and of those that differ in nothing but names and numbers of ports the first */
function unlike(topology: Topology, options: readonly Option[]): Option[] {
  const kinds = new Map<Movable, string>();
  const kindOf = (mover: Movable): string => {
    const known = kinds.get(mover);
    if (known !== undefined) return known;
    const { bus, port, request } = mover;
    const place = [bus, portDepth(port), portMask(topology, bus, port), speedNow(topology, mover)];
    const kind = JSON.stringify([nameless(request), place]);
    kinds.set(mover, kind);
    return kind;
  };
  const sorted = options.toSorted((a, b) => compareCosts(a.cost, b.cost));
  return firstOfEach(sorted, ({ winner, was, movers, hub }) =>
    [nameless(winner), was, hub?.id, ...movers.map(kindOf).sort()].join('\n'),
  );
}

function firstOfEach<T>(list: readonly T[], kindOf: (one: T) => string): T[] {
  const first = new Map<string, T>();
  for (const one of list) {
    const kind = kindOf(one);
    if (!first.has(kind)) first.set(kind, one);
  }
  return [...first.values()];
}

/** What two devices must have in common to be alike. */
function nameless(device: DeviceRequest): string {
  return JSON.stringify({ ...device, key: '', label: '', id: '', driver: '' });
}

function byImportance(a: DeviceRequest, b: DeviceRequest): number {
  return Number(b.mandatory) - Number(a.mandatory) || (a.key < b.key ? -1 : 1);
}

function compareCosts([a, b]: Option['cost'], [c, d]: Option['cost']): number {
  return a - c || b - d;
}

function optionsOf(request: MoveRequest): Option[] {
  const { topology, waiting } = request;
  const attached = inOrder(topology, request.attached);
  const hubs = idleHubs(topology);
  const slower = attached.filter((one) => isSlower(topology, one));
  const winners = [
    ...firstOfEach([...waiting].sort(byImportance), nameless)
      .filter((device) => !fits(request, device))
      .map((device) => ({ device, place: undefined })),
    ...slower.map((place) => ({ device: place.request, place })),
  ].sort((a, b) => byImportance(a.device, b.device));
  return winners.flatMap(({ device, place }): Option[] => {
    const own = place === undefined ? [] : [place];
    const was = place === undefined ? undefined : speedNow(topology, place);
    const option = (movers: readonly Movable[], hub?: Move['hub']): Option => {
      const hurt = movers.reduce((sum, { disturbance }) => sum + disturbance, 0);
      return { winner: device, was, movers, hub, cost: [movers.length, hurt] };
    };
    const wouldDo = ({ bus, port }: PortName): boolean =>
      ((portMask(topology, bus, port) ?? 0) & maskOf(device.native)) !== 0;
    const others = attached.filter((one) => one !== place);
    return [
      ...hubs.filter(wouldDo).map((hub) => option(own, hub)),
      ...own.map(() => option(own)),
      ...others
        .filter(wouldDo)
        .flatMap((one) => [
          option([one, ...own]),
          ...others.filter((other) => other !== one).map((other) => option([one, other, ...own])),
        ]),
    ];
  });
}

/** By controllers as they stand, then ports: the order in which they are given decides nothing. */
function inOrder({ controllers }: Topology, attached: readonly Movable[]): Movable[] {
  const place = (bus: string): number => controllers.findIndex((one) => one.bus === bus);
  return [...attached].sort((a, b) => place(a.bus) - place(b.bus) || comparePorts(a.port, b.port));
}

/** Whether a device has a native port as things are. */
function fits(request: MoveRequest, device: DeviceRequest): boolean {
  return planned(request, request.topology, [{ ...device, slower: 'refuse' }]).placements.length === 1;
}

function planned(
  { hubs, reserve, kept }: MoveRequest,
  topology: Topology,
  devices: readonly DeviceRequest[],
): ReturnType<typeof plan> {
  return plan({ topology, growth: { hubs, controllers: [] }, devices, reserve, kept });
}

function attempt(request: MoveRequest, { winner, was, movers, hub }: Option): Move | undefined {
  const others = movers.filter((one) => one.request.key !== winner.key);
  const speeds = new Map(others.map((one) => [one.request.key, speedNow(request.topology, one)]));
  const devices = others.map(({ request: device }): DeviceRequest => {
    const native = speeds.get(device.key) === device.native;
    return { ...device, mandatory: true, slower: native ? 'refuse' : 'allow' };
  });
  const emptied = [...movers, ...(hub === undefined ? [] : [hub])].reduce(withoutOccupant, request.topology);
  const made = planned(request, emptied, [...devices, { ...winner, mandatory: true, slower: 'refuse' }]);
  const to = new Map(made.placements.map((one) => [one.key, one]));
  const wins = to.get(winner.key);
  if (wins === undefined || made.refusals.length > 0 || made.hubs.length > MOST_HUBS) return undefined;
  const moved = movers.flatMap(({ request: { key }, bus, port }) => {
    const place = to.get(key);
    return place === undefined ? [] : [{ from: { bus, port }, to: place }];
  });
  const loses = moved.some(({ to: { key, speed } }) => rank(speed) < rank(speeds.get(key)));
  // whoever is put back where it was need not have been unplugged: another option has that
  const idle = moved.some(({ from, to: { bus, port } }) => from.bus === bus && from.port === port);
  return loses || idle ? undefined : { wins, was, moved, hub, plan: made };
}

function rank(speed: Speed | undefined): number {
  return speed === undefined ? -1 : SPEEDS.indexOf(speed);
}

function isSlower(topology: Topology, one: Movable): boolean {
  return rank(speedNow(topology, one)) < rank(one.request.native);
}

/** What a device runs at: as QEMU told it, else as its port has it. */
function speedNow(topology: Topology, { bus, port, request }: Movable): Speed | undefined {
  const told = occupantOf(topology, { bus, port })?.megabits;
  return told === undefined
    ? negotiate(request.mask, portMask(topology, bus, port) ?? 0)
    : (speedOfMegabits(told) ?? request.native);
}

function occupantOf(topology: Topology, { bus, port }: PortName): AttachedDevice | undefined {
  return topology.controllers.find((one) => one.bus === bus)?.devices.find((one) => one.port === port);
}

function withoutOccupant(topology: Topology, place: PortName): Topology {
  const gone = occupantOf(topology, place);
  const ids = new Set(topology.ids);
  if (gone?.id !== undefined) ids.delete(gone.id);
  const controllers = topology.controllers.map((one) =>
    one.bus === place.bus ? { ...one, devices: one.devices.filter((device) => device !== gone) } : one,
  );
  return { ...topology, ids, controllers };
}

/**
 * Hubs that qplug added and that nothing is behind. A device whose port is not told may be behind any of them: the plan then finds
 * every free port of its bus unsure, and nothing is won.
 */
function idleHubs({ controllers }: Topology): NonNullable<Move['hub']>[] {
  return controllers.flatMap(({ bus, known, devices }) => {
    if (!known) return [];
    return devices.flatMap(({ id, port, hubPorts }) => {
      if (id === undefined || port === undefined || hubPorts === undefined || !isOurs(id)) return [];
      return devices.some((one) => one.port?.startsWith(`${port}.`) === true) ? [] : [{ id, bus, port }];
    });
  });
}
