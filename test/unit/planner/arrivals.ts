import fc from 'fast-check';
import { type DeviceRequest, type Plan, type PlanRequest, plan } from '../../../src/planner/index.js';
import { freePorts, type Topology, withHub } from '../../../src/qdev/index.js';
import { device, ehci, HUBS, request, uhci, VERSION, vm, xhci } from './layouts.js';

/** A device that is plugged in, or the key of one that is pulled. */
export type Arrival = { readonly come: DeviceRequest } | { readonly go: string };

/** How many of each kind. */
export interface Kinds {
  readonly slow: number;
  readonly high: number;
  readonly super: number;
}

export function kindsOf(devices: readonly DeviceRequest[]): Kinds {
  const count = (...speeds: readonly string[]): number => devices.filter((one) => speeds.includes(one.native)).length;
  return { slow: count('low', 'full'), high: count('high'), super: count('super') };
}

/** @returns the speeds of all ports of a VM that nothing is on */
export function masksOf({ controllers }: Topology): number[] {
  return controllers.flatMap((one) => freePorts(one).map(({ mask }) => mask));
}

/**
 * How many devices can have native ports at once, by counting alone: of a set of kinds no more can have ports than there are ports
 * for any of them, and the tightest set decides (Hall). A hub on one port is room for any number of slow ones.
 */
export function mostNative(masks: readonly number[], { slow, high, super: fast }: Kinds): number {
  const tightest = (ports: readonly number[], slowOnes: number): number => {
    const kinds = [
      { count: slowOnes, bit: 2 },
      { count: high, bit: 4 },
      { count: fast, bit: 8 },
    ];
    const sets = Array.from({ length: 8 }, (_, set) => {
      const inside = kinds.filter((_kind, i) => (set & (1 << i)) !== 0);
      const bits = inside.reduce((sum, { bit }) => sum | bit, 0);
      const outside =
        kinds.reduce((sum, { count }) => sum + count, 0) - inside.reduce((sum, one) => sum + one.count, 0);
      return outside + ports.filter((mask) => (mask & bits) !== 0).length;
    });
    return Math.min(...sets);
  };
  const withHubs = [3, 7, 15]
    .map((mask) => masks.indexOf(mask))
    .filter((at) => at >= 0)
    .map((at) => slow + tightest(masks.toSpliced(at, 1), 0));
  return Math.max(tightest(masks, slow), ...withHubs);
}

/** What became of devices that came and went. */
export interface Ended {
  readonly after: Topology;
  /** One for each arrival. */
  readonly steps: readonly { readonly asked: PlanRequest; readonly made: Plan }[];
  /** Keys of those that ever found no native port. */
  readonly refused: readonly string[];
  /** In the VM at the end. */
  readonly present: readonly DeviceRequest[];
}

/** Attaches devices one at a time, each to the VM as it is by then; one that finds no port is not tried again. */
export function live(start: Topology, arrivals: readonly Arrival[], reserve: number): Ended {
  let after = start;
  const steps: { asked: PlanRequest; made: Plan }[] = [];
  const refused: string[] = [];
  const present = new Map<string, DeviceRequest>();
  for (const arrival of arrivals) {
    if ('go' in arrival) {
      present.delete(arrival.go);
      after = withoutDevice(after, arrival.go);
      continue;
    }
    const asked = request(after, [arrival.come], { growth: HUBS, reserve });
    const made = plan(asked);
    steps.push({ asked, made });
    after = made.after;
    if (made.placements.length === 1) present.set(arrival.come.key, arrival.come);
    else refused.push(arrival.come.key);
  }
  return { after, steps, refused, present: [...present.values()] };
}

function withoutDevice(topology: Topology, id: string): Topology {
  const controllers = topology.controllers.map((one) => ({
    ...one,
    devices: one.devices.filter((other) => other.id !== id),
  }));
  return { ...topology, controllers, ids: new Set([...topology.ids].filter((other) => other !== id)) };
}

/** What is in the VM, moment by moment, were all of it taken in. */
export function moments(arrivals: readonly Arrival[]): DeviceRequest[][] {
  const here = new Map<string, DeviceRequest>();
  return arrivals.map((arrival) => {
    if ('go' in arrival) here.delete(arrival.go);
    else here.set(arrival.come.key, arrival.come);
    return [...here.values()];
  });
}

const xhciPorts = (max: number): fc.Arbitrary<{ p2: number; p3: number }> =>
  fc.record({ p2: fc.integer({ min: 0, max }), p3: fc.integer({ min: 0, max }) });

/** xHCI of all port counts, EHCI bare and with companions for some of its ports, UHCI, OHCI. */
const kinds = fc.oneof(
  { arbitrary: xhciPorts(6), weight: 2 },
  fc.constantFrom(1, 2, 4, 6),
  fc.constantFrom('ehci', 'uhci', 'ohci'),
);

/** One to three controllers of every kind, some with a hub on them already. */
export const topologies: fc.Arbitrary<Topology> = topologiesOf(kinds, 3);

/** One or two controllers that are soon full. */
export const fewPorts: fc.Arbitrary<Topology> = topologiesOf(
  fc.oneof({ arbitrary: xhciPorts(3), weight: 4 }, fc.constant('uhci')),
  2,
);

function topologiesOf(
  kind: fc.Arbitrary<string | number | { p2: number; p3: number }>,
  maxLength: number,
): fc.Arbitrary<Topology> {
  return fc
    .array(
      fc.record({
        kind,
        hub: fc.option(fc.record({ port: fc.integer({ min: 1, max: 4 }), ports: fc.integer({ min: 1, max: 4 }) }), {
          freq: 4,
        }),
      }),
      { minLength: 1, maxLength },
    )
    .map((list) => {
      const start: Topology = {
        ...vm(),
        version: VERSION,
        controllers: list.flatMap(({ kind }, i) => controllersOf(kind, `c${i}`)),
      };
      return list.reduce((now: Topology, { hub }, i) => {
        const there = now.controllers.find(({ bus }) => bus === `c${i}.0`);
        const takes = there?.ports.some(({ port, mask }) => port === hub?.port && (mask & 2) !== 0);
        return hub === null || takes !== true
          ? now
          : withHub(now, `c${i}.0`, { id: `hub${i}`, port: String(hub.port), ports: hub.ports });
      }, start);
    });
}

function controllersOf(kind: string | number | { p2: number; p3: number }, id: string): Topology['controllers'] {
  if (typeof kind === 'object') return vm(xhci(id, kind.p2, kind.p3)).controllers;
  if (kind === 'uhci') return vm(uhci(id)).controllers;
  if (kind === 'ohci') return vm({ id, model: 'pci-ohci', numPorts: 3 }).controllers;
  // with companions for so many of its ports
  return vm(ehci(id)).controllers.map((one) => ({
    ...one,
    ports: one.ports.map(({ port, mask }) => ({ port, mask: typeof kind === 'number' && port <= kind ? 7 : mask })),
  }));
}

/**
 * Random lives: devices of all speeds and masks that come, and with `departures` go, never more than `fast` fast ones at a time.
 */
export function lives(fast: number, departures: boolean): fc.Arbitrary<Arrival[]> {
  const step = fc.record({
    native: fc.constantFrom<DeviceRequest['native']>('low', 'full', 'high', 'super'),
    alone: fc.boolean(),
    go: departures ? fc.integer({ min: 0, max: 2 }).map((roll) => roll === 0) : fc.constant(false),
    whom: fc.nat(999),
  });
  return fc.array(step, { minLength: 1, maxLength: departures ? 24 : 16 }).map((steps) => {
    const here: DeviceRequest[] = [];
    return steps.flatMap(({ native, alone, go, whom }, i): Arrival[] => {
      if (go && here.length > 0) {
        return here.splice(whom % here.length, 1).map(({ key }) => ({ go: key }));
      }
      const { high, super: supers } = kindsOf(here);
      const slowed = high + supers >= fast && (native === 'high' || native === 'super') ? 'full' : native;
      const bare = device(`d${i}`, slowed, { id: `d${i}` });
      const come = alone ? { ...bare, mask: 1 << ['low', 'full', 'high', 'super'].indexOf(slowed) } : bare;
      here.push(come);
      return [{ come }];
    });
  });
}
