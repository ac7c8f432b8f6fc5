import type { Speed } from '../../qdev/index.js';
import type { Plan, PlanChange, PlanFix } from '../plan.js';
import type { DeviceRequest, PlanRequest } from '../request.js';
import { CHEAPNESS, possibleChanges, type TryPlan } from './possible-changes.js';
import { withFix } from './with-fix.js';

/**
 * The number of plans in one search, times the number of devices in each. `LEAST_TRIES` and `MOST_TRIES` limit the number of plans in any
 * case.
 */
const MOST_WORK = 10_000;
const LEAST_TRIES = 12;
const MOST_TRIES = 400;

/** How many searches the refusals of one plan may pay for together. */
const MOST_SEARCHES = 4;

/** What the refusals of one plan share when their fixes are sought. */
export interface FixSearch {
  readonly request: PlanRequest;
  /** The plan in which devices were refused. */
  readonly before: () => Plan;
  /** The planner itself. */
  readonly replan: (request: PlanRequest) => Plan;
  /** How many plans may still be made. */
  tries: number;
  /** What helped before, by the kind of device. */
  readonly helped: Map<string, PlanFix>;
}

export function fixSearch(request: PlanRequest, before: () => Plan, replan: (request: PlanRequest) => Plan): FixSearch {
  return { request, before, replan, tries: MOST_SEARCHES * triesFor(request), helped: new Map() };
}

function triesFor({ devices }: PlanRequest): number {
  return Math.max(LEAST_TRIES, Math.min(MOST_TRIES, Math.floor(MOST_WORK / Math.max(1, devices.length))));
}

/**
 * Finds the cheapest change after which a refused device has a port and no other device has lost its own. It plans with each change to find
 * out. Where no single change works, it finds the cheapest two. `CHEAPNESS` says which kind of change is cheaper; of two changes, the
 * dearer counts first, then the other.
 */
export function cheapestFix(search: FixSearch, device: DeviceRequest): PlanFix {
  if (device.mask === 0) return { fix: 'none', because: 'no-speed' };
  const { request, before } = search;
  let tries = triesFor(request);
  const tryPlan: TryPlan = (changed) => {
    if (tries <= 0 || search.tries <= 0) return undefined;
    tries--;
    search.tries--;
    return search.replan(changed);
  };
  const kept = before().placements.map(({ key }) => key);
  const works = (fix: PlanFix): PlanFix | undefined => {
    const made = tryPlan(withFix(request, device.key, fix));
    if (made === undefined) return undefined;
    const placed = new Map(made.placements.map((one) => [one.key, one]));
    const mine = placed.get(device.key);
    return mine !== undefined && kept.every((key) => placed.has(key)) ? atSpeed(fix, mine.speed) : undefined;
  };

  const kind = kindOf(device);
  const hint = search.helped.get(kind);
  const helped = hint === undefined ? undefined : works(hint);
  if (helped !== undefined) return helped;
  for (const fix of candidates(request, device.key, tryPlan)) {
    const found = works(fix);
    if (found === undefined) continue;
    search.helped.set(kind, found);
    return found;
  }
  return { fix: 'none', because: tries <= 0 || search.tries <= 0 ? 'not-sought' : 'nothing-helps' };
}

/** Devices of the same kind have the same fix, if there is room for both. */
function kindOf({ key: _key, label: _label, id: _id, ...kind }: DeviceRequest): string {
  return JSON.stringify(kind);
}

/** Single changes, then pairs of them. */
function* candidates(request: PlanRequest, key: string, tryPlan: TryPlan): Generator<PlanFix> {
  yield* possibleChanges(request, key, tryPlan);
  for (const [rank, kind] of CHEAPNESS.entries()) {
    for (const dearer of possibleChanges(request, key, tryPlan, [kind])) {
      const changed = withFix(request, key, dearer);
      for (const cheaper of possibleChanges(changed, key, tryPlan, CHEAPNESS.slice(0, rank))) {
        yield { fix: 'both', changes: [cheaper, dearer] };
      }
    }
  }
}

/** Fills in the speed at which the device would really run. */
function atSpeed(fix: PlanFix, speed: Speed): PlanFix {
  const one = (change: PlanChange): PlanChange => (change.fix === 'allow-slower' ? { ...change, speed } : change);
  if (fix.fix === 'none') return fix;
  return fix.fix === 'both' ? { fix: 'both', changes: [one(fix.changes[0]), one(fix.changes[1])] } : one(fix);
}
