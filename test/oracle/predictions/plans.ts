import { type Candidate, type Plan, type PlanRequest, plan } from '../../../src/planner/index.js';
import { type ControllerSpec, megabits, portsOf, type Topology } from '../../../src/qdev/index.js';
import { growthOf } from '../../../src/vm/plan/growth.js';
import type { Ask, OracleCase, PlanAsk, Wish } from './case.js';
import { driverOf, type Outcome, type Surroundings, speedsOf } from './predict.js';
import { Random } from './random.js';

/** Controllers that a plan may add before the start: as many ports as can be, and fewer of one kind than of the other. */
const LAUNCH_PORTS = [
  { p2: 2, p3: 4 },
  { p2: 15, p3: 15 },
  { p2: 4, p3: 1 },
];

const FIRST_GROWTH_SLOT = 0x10;

function launchGrowth(machine: OracleCase['machine']): ControllerSpec[] {
  return LAUNCH_PORTS.map((ports, i) => ({
    id: `grown${i + 1}`,
    model: 'qemu-xhci',
    ...ports,
    pciBus: machine === 'pc' ? 'pci.0' : 'pcie.0',
    address: `${(FIRST_GROWTH_SLOT + i).toString(16)}.0`,
  }));
}

/** @returns the request for the planner */
export function requestOf(
  ask: PlanAsk,
  topology: Topology,
  machine: OracleCase['machine'],
  surroundings: Surroundings,
): PlanRequest {
  const more =
    ask.at === 'live' ? growthOf(topology, { hubs: ask.hubs, controllers: true }).controllers : launchGrowth(machine);
  return {
    topology,
    growth: { hubs: ask.hubs, controllers: more.slice(0, ask.controllers) },
    reserve: ask.reserve,
    kept: ask.kept,
    devices: ask.devices.map(({ id, wish, ...terms }) => ({
      ...terms,
      key: id,
      id,
      label: id,
      driver: driverOf(wish),
      ...speedsOf(wish, surroundings),
      ...(wish.kind === 'hub' ? { hubPorts: wish.ports } : {}),
    })),
  };
}

/** @returns the plan for such a request, and all that it adds, in its order */
export function planned(request: PlanRequest, ask: PlanAsk): { readonly plan: Plan; readonly asks: Ask[] } {
  const made = plan(request);
  const wishes = new Map(ask.devices.map(({ id, wish }) => [id, wish]));
  return { plan: made, asks: made.steps.map((step) => askOf(step, wishes)) };
}

function askOf(step: Plan['steps'][number], wishes: ReadonlyMap<string, Wish>): Ask {
  switch (step.add) {
    case 'controller':
      return { add: 'controller', controller: step.controller };
    case 'hub': {
      const { id, bus, port, ports } = step.hub;
      return { add: 'device', id, bus, port, device: { kind: 'hub', ports } };
    }
    case 'device': {
      const { key, bus, port } = step.placement;
      const device = wishes.get(key);
      if (device === undefined) throw new Error(`the plan places ${key}, which nobody asked for`);
      return { add: 'device', id: key, bus, port, device };
    }
  }
}

/** A statement of a plan that QEMU can confirm. */
export interface Claim {
  readonly ask: Ask;
  readonly outcome: Outcome;
  /** What the plan said. */
  readonly said: string;
}

/** How many statements are tried for one plan, beside those about ports that devices are pinned to. */
const MOST_CLAIMS = 5;

/**
 * Picks verdicts on single ports, for devices with a place and without, and all devices that were refused the port that they are pinned
 * to. A plan's verdict on a port is true for the VM after the plan was applied.
 */
export function claimsOf(made: Plan, ask: PlanAsk): Claim[] {
  const wishes = new Map(ask.devices.map(({ id, wish }) => [id, wish]));
  const claims = [...made.placements, ...made.refusals].flatMap((one) => {
    const isRefused = 'reason' in one;
    const device = wishes.get(one.key);
    // A host device that is attached already is not opened a second time.
    if (device === undefined || (device.kind === 'host' && !isRefused)) return [];
    const isPinned = isRefused && one.pin?.port !== undefined;
    return one.candidates.flatMap((candidate) => {
      const outcome = outcomeOf(candidate, made.after);
      const { bus, port, verdict } = candidate;
      return outcome === undefined
        ? []
        : [{ device, key: one.key, bus, port, outcome, said: verdict.verdict, isPinned }];
    });
  });
  const random = new Random(claims.length);
  const others = random.shuffle(claims.filter(({ isPinned }) => !isPinned)).slice(0, MOST_CLAIMS);
  return [
    ...[...claims.filter(({ isPinned }) => isPinned), ...others].map(
      ({ device, key, bus, port, outcome, said }, i) => ({
        ask: { add: 'device' as const, id: `v${i}-${key}`, device, bus, port },
        outcome,
        said: `${key}: ${said}`,
      }),
    ),
    ...refusedPins(made, wishes),
  ];
}

/** @returns what QEMU must do by a verdict; undefined for a verdict that is qplug's own policy, which QEMU does not know */
function outcomeOf({ bus, port, verdict }: Candidate, after: Topology): Outcome | undefined {
  if (verdict.verdict === 'chosen') return undefined;
  if ('speed' in verdict) return { attached: { bus, port, megabits: megabits(verdict.speed) } };
  if (verdict.verdict === 'taken') return { refused: 'port-in-use' };
  if (verdict.verdict !== 'speed-mismatch' && verdict.verdict !== 'hub-too-deep') return undefined;
  return { refused: isTaken(after, bus, port) ? 'port-in-use' : verdict.verdict };
}

function isTaken({ controllers }: Topology, bus: string, port: string): boolean {
  return controllers.some((one) => one.bus === bus && one.devices.some((device) => device.port === port));
}

/** A pin to a port that does not exist: no verdict stands for it. */
function refusedPins({ refusals, after }: Plan, wishes: ReadonlyMap<string, Wish>): Claim[] {
  return refusals.flatMap(({ key, reason, pin }, i) => {
    const device = wishes.get(key);
    if (device === undefined || reason !== 'pin-unknown' || pin?.controller === undefined) return [];
    const controller = after.controllers.find(({ bus, id }) => bus === pin.controller || id === pin.controller);
    const bus = controller?.bus ?? pin.controller;
    const port = pin.port ?? '1';
    const refused = controller === undefined ? 'no-such-bus' : 'no-such-port';
    // The planner calls it unknown, too, if the port exists and takes no device at all.
    if (controller !== undefined && portsOf(controller).some((view) => view.port === port)) return [];
    return [
      {
        ask: { add: 'device', id: `r${i}-${key}`, device, bus, port },
        outcome: { refused },
        said: `${key}: ${reason}`,
      },
    ];
  });
}
