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

/** A device of the VM that could be plugged elsewhere. The caller knows its speeds and can create it again. */
export interface Movable extends PortName {
  /** The request that would attach it again, its pin included. */
  readonly request: DeviceRequest;
  /** How much it hurts when the guest loses the device for a moment. Of two moves, the one that hurts less is taken. */
  readonly disturbance: number;
}

/** Which devices need a port, and which may be moved to free one. */
export interface MoveRequest extends Pick<PlanRequest, 'topology' | 'kept' | 'reserve'> {
  /** Whether the move may add a hub. It adds no controllers: those are added without a move. */
  readonly hubs: boolean;
  /** Devices in the VM that may be moved. A device that is not listed stays. */
  readonly attached: readonly Movable[];
  /** Devices that are to be attached. */
  readonly waiting: readonly DeviceRequest[];
}

/** A change of few devices that gives one more device a native port, and makes no other device run slower than before. */
export interface Move {
  /** The device that gains: one that waited, or one that ran slower. */
  readonly wins: Placement;
  /** The speed at which it ran; undefined if it had no port. */
  readonly was: Speed | undefined;
  /** The devices that the guest loses for a moment, and where each is afterwards. They include the device that gains if it was attached. */
  readonly moved: readonly { readonly from: PortName; readonly to: Placement }[];
  /** A hub to remove: one that qplug added and that has nothing behind it any more. */
  readonly hub: (PortName & { readonly id: string }) | undefined;
  /** Where every device goes that changes its port, with a hub to add where one is needed. */
  readonly plan: Plan;
}

/** One thing to try. */
interface Option {
  readonly winner: DeviceRequest;
  readonly was: Speed | undefined;
  /** The devices to unplug, with the one that gains last if it is attached. */
  readonly movers: readonly Movable[];
  readonly hub: Move['hub'];
  /** The number of interruptions, then the disturbance; less is better. */
  readonly cost: readonly [number, number];
}

/** How many moves are tried; each takes a plan. A move that is like an earlier one is not counted. */
const MOST_TRIED = 256;

/** A move that adds more hubs than this is no longer a small change. */
const MOST_HUBS = 1;

/**
 * Finds the move that gives a device a native port, by planning with each possible move. A move removes a hub with nothing behind it
 * (nobody notices), or moves a device that runs slower to a port of its speed, or lets one device make room for another, or lets two make
 * room and puts them behind one hub. The move with the fewest interruptions wins, then the least disturbance, then the fewest added hubs.
 * Where all these are equal, mandatory devices come before others, then keys decide, then the order of ports. The same request always gives
 * the same move.
 *
 * @returns undefined when no move helps any device; a device that gets a native port without a move is not considered
 */
export function bestMove(request: MoveRequest): Move | undefined {
  const options = unlike(request.topology, optionsOf(request));
  let best: Move | undefined;
  let level: Option['cost'] | undefined;
  for (const option of options.slice(0, MOST_TRIED)) {
    // all remaining options cost more
    if (best !== undefined && level !== undefined && compareCosts(level, option.cost) < 0) break;
    const move = attempt(request, option);
    if (move === undefined || (best !== undefined && best.plan.hubs.length <= move.plan.hubs.length)) continue;
    [best, level] = [move, option.cost];
    if (move.plan.hubs.length === 0) break;
  }
  return best;
}

/** @returns the options by cost; of options that differ only in names and port numbers, only the first */
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

/** The properties that two devices must share to be alike. */
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

/** Sorts by the topology's order of controllers, then by port, so that the order of the request decides nothing. */
function inOrder({ controllers }: Topology, attached: readonly Movable[]): Movable[] {
  const place = (bus: string): number => controllers.findIndex((one) => one.bus === bus);
  return [...attached].sort((a, b) => place(a.bus) - place(b.bus) || comparePorts(a.port, b.port));
}

/** Whether a device gets a native port without a move. */
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
  // if a device returns to its own port, there was no need to unplug it: another option leaves it alone
  const idle = moved.some(({ from, to: { bus, port } }) => from.bus === bus && from.port === port);
  return loses || idle ? undefined : { wins, was, moved, hub, plan: made };
}

function rank(speed: Speed | undefined): number {
  return speed === undefined ? -1 : SPEEDS.indexOf(speed);
}

function isSlower(topology: Topology, one: Movable): boolean {
  return rank(speedNow(topology, one)) < rank(one.request.native);
}

/** The speed at which a device runs: as QEMU reports it, otherwise as its port allows it. */
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
 * Hubs that qplug added and that have nothing behind them. A device whose port is not known may be behind any of them; the plan then has
 * the verdict `unsure` on every free port of that bus that takes the device's speed, and the move gains nothing.
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
