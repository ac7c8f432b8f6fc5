import type { OracleCase } from './case.js';
import { type Difference, type Release, runCase } from './run-case.js';

/** The most tries; each starts one or two QEMUs. */
const MOST_TRIES = 40;

/** Leaves out one thing after another, as long as the difference stays. @returns the difference with the smallest case */
export async function shrink(difference: Difference, release: Release, signal: AbortSignal): Promise<Difference> {
  let smallest = difference;
  let tries = 0;
  for (let found = true; found; ) {
    found = false;
    for (const smaller of smallerCases(smallest.case)) {
      if (tries++ >= MOST_TRIES) return smallest;
      const again = await sameIn(smaller, difference, release, signal);
      if (again === undefined) continue;
      smallest = again;
      found = true;
      break;
    }
  }
  return smallest;
}

async function sameIn(smaller: OracleCase, { kind }: Difference, release: Release, signal: AbortSignal) {
  const seen: Difference[] = [];
  await runCase(smaller, release, (_, wrong) => wrong && seen.push(wrong), signal);
  return seen.find((one) => one.kind === kind);
}

function* smallerCases(one: OracleCase): Generator<OracleCase> {
  const without = <T>(list: readonly T[], i: number): T[] => list.filter((_, other) => other !== i);
  for (let i = one.before.length - 1; i >= 0; i--) yield { ...one, before: without(one.before, i) };
  for (let i = one.controllers.length - 1; i >= 0; i--) yield { ...one, controllers: without(one.controllers, i) };
  for (const [i, plan] of one.plans.entries()) {
    for (let d = plan.devices.length - 1; d >= 0 && plan.devices.length > 1; d--) {
      const less = { ...plan, devices: without(plan.devices, d) };
      yield { ...one, plans: one.plans.map((other, p) => (p === i ? less : other)) };
    }
  }
  if ((one.foreign ?? []).length > 0) yield { ...one, foreign: (one.foreign ?? []).slice(0, -1) };
  if (one.rootPorts > 0) yield { ...one, rootPorts: one.rootPorts - 1 };
}
