import { negotiate, SPEEDS } from '../../qdev/index.js';
import type { Candidate, Verdict } from '../plan.js';
import type { PortName } from '../request.js';
import {
  comparePlanPorts,
  countFree,
  type Demand,
  type FreeCount,
  inScope,
  isHub,
  isSlow,
  type PlanningProblem,
  type PlanPort,
  portName,
  type Solution,
  takesHub,
  wouldCrowd,
} from '../solve/index.js';

/** A solved plan, prepared for questions about single ports. */
export interface PlanOutcome {
  readonly problem: PlanningProblem;
  readonly solution: Solution;
  /** Every port of the VM after the plan, by controller, then number. */
  readonly ports: readonly PlanPort[];
  /** The device or hub to which this plan gives each port, by port name. */
  readonly owners: ReadonlyMap<string, string>;
  /** Counts of the ports that are free after the plan. */
  readonly left: FreeCount;
  /** By port name: the label of the device that is away. */
  readonly kept: ReadonlyMap<string, string>;
  /** By controller: whether its slots are all in use. */
  readonly full: readonly boolean[];
}

/** @param hubNames - the names of the added hubs, in the order of the layout */
export function outcomeOf(problem: PlanningProblem, solution: Solution, hubNames: readonly string[]): PlanOutcome {
  const { layout, given } = solution;
  const owners = new Map<string, string>();
  layout.hubs.forEach(({ at }, i) => {
    owners.set(at.name, hubNames[i] ?? 'usb-hub');
  });
  given.forEach((port, i) => {
    if (port !== undefined) owners.set(port.name, problem.demands[i]?.device.label ?? '');
  });
  const ports = [...layout.space.ports, ...layout.hubs.flatMap(({ children }) => children)].sort(comparePlanPorts);
  const used = layout.space.controllers.map(({ devices }) => devices.length);
  for (const { name, controller } of ports) if (owners.has(name)) used[controller] = (used[controller] ?? 0) + 1;
  return {
    problem,
    solution,
    ports,
    owners,
    left: countFree(layout.free.filter(({ name }) => !owners.has(name))),
    kept: new Map(problem.kept.map(({ bus, port, label }) => [portName(bus, port), label])),
    full: layout.space.controllers.map(({ slots }, i) => slots !== undefined && (used[i] ?? 0) >= slots),
  };
}

/**
 * @param index - the place of the demand in the list
 * @returns the verdict on every port for one demand
 */
export function candidatesOf(outcome: PlanOutcome, index: number): Candidate[] {
  const demand = outcome.problem.demands[index];
  if (demand === undefined) return [];
  const mine = outcome.solution.given[index]?.name;
  return outcome.ports.map((port) => ({
    bus: port.bus,
    port: port.path,
    verdict: port.name === mine ? chosen(demand, port) : verdictOf(outcome, demand, port),
  }));
}

function chosen({ device }: Demand, { mask }: PlanPort): Verdict {
  return { verdict: 'chosen', speed: negotiate(device.mask, mask) ?? device.native };
}

/** @returns the verdict on a port that a demand did not get */
export function verdictOf(outcome: PlanOutcome, demand: Demand, port: PlanPort): Verdict {
  const { device, scope } = demand;
  if (!inScope(scope, port)) return { verdict: 'not-pinned' };
  const speed = negotiate(device.mask, port.mask);
  if (speed === undefined) return { verdict: 'speed-mismatch' };
  if (port.held !== undefined) return port.held;
  const by = outcome.owners.get(port.name);
  if (by !== undefined) return { verdict: 'taken', by };
  const slots = outcome.solution.layout.space.controllers[port.controller]?.slots;
  if (outcome.full[port.controller] === true && slots !== undefined) return { verdict: 'controller-full', slots };
  if (SPEEDS.indexOf(speed) < SPEEDS.indexOf(device.native)) return { verdict: 'slower', speed };
  if (isHub(demand) && !takesHub(port)) return { verdict: 'hub-too-deep' };
  const away = outcome.kept.get(port.name);
  if (away !== undefined) return { verdict: 'kept', speed, for: away };
  const kept = isSlow(demand) && !isHub(demand) && wouldCrowd(outcome.problem, port, outcome.left);
  return { verdict: kept ? 'reserved' : 'possible', speed };
}

/** @returns the ports that are free after the plan */
export function freeAfterwards({ ports, owners }: PlanOutcome): PlanPort[] {
  return ports.filter(({ name, held }) => held === undefined && !owners.has(name));
}

/** @returns those of the free ports that the reserve keeps for fast devices */
export function reservedPorts(outcome: PlanOutcome): PortName[] {
  return freeAfterwards(outcome)
    .filter((port) => wouldCrowd(outcome.problem, port, outcome.left))
    .map(({ bus, path }) => ({ bus, port: path }));
}
