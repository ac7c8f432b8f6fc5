import { portDepth, portMask, withController } from '../../qdev/index.js';
import { CHEAPNESS, newControllerSpec, possibleChanges, withFix } from '../fixes/index.js';
import type { Candidate, Plan, PlanChange, Verdict } from '../plan.js';
import { DEFAULT_RESERVE, plan } from '../planner.js';
import { follows } from '../report/index.js';
import type { DeviceRequest, PlanRequest } from '../request.js';
import {
  type Explanation,
  OBJECTIVES,
  type OtherChange,
  type PortAtSpeed,
  type VerdictRun,
  type WhatIf,
  type Why,
} from './explanation.js';
import { type Figures, figuresOf } from './figures.js';

/** How many other ports are compared with the chosen one. */
const MOST_OTHERS = 12;

/** How many devices are left out, one after the other, to see whether that changes anything. */
const MOST_LEFT_OUT = 16;

/** How many changes of one kind are reported. */
const MOST_TOLD = 3;

/** How many smaller reserves are tried. */
const MOST_RESERVES = 8;

/**
 * Explains one device of a plan: the verdict on every port, what decided, and what would change it. It plans some dozens of times.
 *
 * @param request - the request that was planned
 * @param made - the plan that `plan` made from it
 * @param key - the key of the device
 * @returns undefined where the request has no device with this key
 */
export function explain(request: PlanRequest, made: Plan, key: string): Explanation | undefined {
  const device = request.devices.find((one) => one.key === key);
  const placement = made.placements.find((one) => one.key === key);
  const refusal = made.refusals.find((one) => one.key === key);
  const told = placement ?? refusal;
  if (device === undefined || told === undefined) return undefined;
  const place = placeOf(made, key);
  return {
    key,
    label: told.label,
    native: told.native,
    place,
    refusal: refusal && { reason: refusal.reason, fix: refusal.fix },
    ports: runsOf(told.candidates),
    why: place && whyThere(request, made, device, told.candidates),
    changes: whatIfs(request, made, device),
  };
}

function placeOf(made: Plan | undefined, key: string): PortAtSpeed | undefined {
  const found = made?.placements.find((one) => one.key === key);
  return found && { bus: found.bus, port: found.port, speed: found.speed };
}

/** Joins neighbouring ports with the same verdict. */
function runsOf(candidates: readonly Candidate[]): VerdictRun[] {
  const runs: { bus: string; first: string; last: string; verdict: Verdict }[] = [];
  for (const { bus, port, verdict } of candidates) {
    const run = runs.at(-1);
    const same = run?.bus === bus && follows(run.last, port) && sameVerdict(run.verdict, verdict);
    if (run !== undefined && same) run.last = port;
    else runs.push({ bus, first: port, last: port, verdict });
  }
  return runs;
}

function sameVerdict(a: Verdict, b: Verdict): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Verdicts on ports that the device could have as well. */
const FREE: readonly string[] = ['possible', 'reserved', 'kept', 'slower'];

/**
 * Plans with the device on each other kind of port and compares the results. The pins and the reserve of the original request measure all
 * of them.
 */
function whyThere(request: PlanRequest, made: Plan, device: DeviceRequest, candidates: readonly Candidate[]): Why {
  if (device.pin?.port !== undefined) return { why: 'pin' };
  const figures = figuresOf(request, made, DEFAULT_RESERVE);
  let best: { figures: Figures; over: PortAtSpeed } | undefined;
  for (const { bus, port } of othersOf(made, device, candidates)) {
    const pinned = pinnedTo(request, device.key, { controller: bus, port });
    const other = plan(pinned);
    const over = placeOf(other, device.key);
    if (over === undefined) continue;
    const found = { figures: figuresOf(request, other, DEFAULT_RESERVE), over };
    if (best === undefined || compare(found.figures, best.figures) < 0) best = found;
  }
  if (best === undefined) return { why: 'only' };
  const at = OBJECTIVES.findIndex((_, i) => figures[i] !== best.figures[i]);
  const objective = OBJECTIVES[at];
  if (objective === undefined) return { why: 'alike', over: best.over };
  return { why: 'objective', objective, chosen: figures[at] ?? 0, other: best.figures[at] ?? 0, over: best.over };
}

/**
 * The first free port of each kind: ports of one controller with the same speeds and depth differ only in their numbers. A port of the
 * chosen kind says nothing new, so it is compared only where there is no other kind.
 */
function othersOf(
  made: Plan,
  { key, slower }: DeviceRequest,
  candidates: readonly Candidate[],
): Pick<Candidate, 'bus' | 'port'>[] {
  const kindOf = ({ bus, port }: Pick<Candidate, 'bus' | 'port'>): string =>
    `${bus} ${portMask(made.after, bus, port)} ${portDepth(port)}`;
  const kinds = new Map<string, Candidate>();
  for (const candidate of candidates) {
    const { verdict } = candidate.verdict;
    if (!FREE.includes(verdict) || (verdict === 'slower' && slower === 'refuse')) continue;
    const kind = kindOf(candidate);
    if (!kinds.has(kind)) kinds.set(kind, candidate);
  }
  const chosen = placeOf(made, key);
  const own = chosen && kindOf(chosen);
  const others = [...kinds].filter(([kind]) => kind !== own || kinds.size === 1);
  return others.slice(0, MOST_OTHERS).map(([, candidate]) => candidate);
}

function compare(a: Figures, b: Figures): number {
  const at = a.findIndex((figure, i) => figure !== b[i]);
  return (a[at] ?? 0) - (b[at] ?? 0);
}

function whatIfs(request: PlanRequest, made: Plan, device: DeviceRequest): WhatIf[] {
  const { key } = device;
  const now = placeOf(made, key);
  const told: WhatIf[] = [];
  for (const { change, changed } of supposed(request, device)) {
    if (told.filter((one) => one.change.fix === change.fix).length >= MOST_TOLD) continue;
    const then = plan(changed);
    const place = placeOf(then, key);
    if (!isChange(change, now, place)) continue;
    if (change.fix === 'grow' && told.some((one) => one.change.fix === 'grow' && samePlace(one.place, place))) continue;
    if (change.fix === 'reserve' && told.some((one) => one.change.fix === 'reserve')) continue;
    const left = new Set(then.placements.map((one) => one.key));
    const lost = made.placements.filter((one) => one.key !== key && !left.has(one.key));
    const without = change.fix === 'without' ? change.key : undefined;
    told.push({
      change: change.fix === 'allow-slower' && place !== undefined ? { ...change, speed: place.speed } : change,
      place,
      lost: lost.filter((one) => one.key !== without).map(({ label }) => label),
    });
  }
  return told;
}

function* supposed(
  request: PlanRequest,
  device: DeviceRequest,
): Generator<{ change: PlanChange | OtherChange; changed: PlanRequest }> {
  const { key } = device;
  // that the device could be pinned elsewhere is obvious, so `repin` is left out
  const kinds = CHEAPNESS.filter((kind) => kind !== 'repin');
  for (const change of possibleChanges(request, key, plan, kinds)) {
    yield {
      change,
      changed: change.fix === 'add-controller' ? withOwn(request, change) : withFix(request, key, change),
    };
  }
  const reserve = Math.max(0, Math.trunc(request.reserve ?? DEFAULT_RESERVE) || 0);
  for (let less = 1; less <= Math.min(reserve, MOST_RESERVES); less++) {
    yield { change: { fix: 'reserve', reserve: reserve - less }, changed: { ...request, reserve: reserve - less } };
  }
  const others = request.devices.filter((one) => one.key !== key && one.hubPorts === undefined);
  for (const { key: other, label } of others.slice(0, MOST_LEFT_OUT)) {
    const devices = request.devices.filter((one) => one.key !== other);
    yield { change: { fix: 'without', key: other, label }, changed: { ...request, devices } };
  }
}

/** Adds the controller to the VM itself, not to the controllers that may be added when needed. */
function withOwn(
  request: PlanRequest,
  { model, id, bus }: Extract<PlanChange, { fix: 'add-controller' }>,
): PlanRequest {
  return { ...request, topology: withController(request.topology, newControllerSpec(model, id, bus)) };
}

/** Another number of a similar port is not worth reporting, unless the user fixed the number. */
function isChange(
  { fix }: PlanChange | OtherChange,
  now: PortAtSpeed | undefined,
  then: PortAtSpeed | undefined,
): boolean {
  if (now === undefined || then === undefined) return now !== then;
  if (fix === 'unpin') return !samePlace(now, then);
  return now.speed !== then.speed || portDepth(now.port) !== portDepth(then.port);
}

function samePlace(a: PortAtSpeed | undefined, b: PortAtSpeed | undefined): boolean {
  return a?.bus === b?.bus && a?.port === b?.port;
}

function pinnedTo(request: PlanRequest, key: string, pin: NonNullable<DeviceRequest['pin']>): PlanRequest {
  return { ...request, devices: request.devices.map((one) => (one.key === key ? { ...one, pin } : one)) };
}
