import { MAX_HUB_CHAIN, parsePort } from '../../qdev/index.js';
import type { Candidate, RefusalReason, Verdict } from '../plan.js';
import { type Demand, isHub } from '../solve/index.js';
import { candidatesOf, type PlanOutcome, verdictOf } from './verdict.js';

/**
 * @param index - the place of the demand in the list
 * @returns why a demand without a port has none
 */
export function reasonOf(outcome: PlanOutcome, index: number): RefusalReason {
  const demand = outcome.problem.demands[index];
  if (demand === undefined || demand.device.mask === 0) return 'no-speed';
  const { scope } = demand;
  if (scope.at === 'nowhere') return 'pin-unknown';
  const verdicts = new Set(candidatesOf(outcome, index).map(({ verdict }) => verdict.verdict));
  if (verdicts.has('slower')) return 'only-slower';
  if (verdicts.has('hub-too-deep') || (isHub(demand) && scope.at === 'port' && tooDeep(scope.path)))
    return 'hub-too-deep';
  if (verdicts.has('controller-full')) return 'controller-full';
  if (scope.at === 'controller') return nothingFits(verdicts) ? 'pin-mismatch' : 'no-port';
  if (scope.at !== 'port') return 'no-port';
  if (verdicts.has('taken') || verdicts.has('unsure')) return 'pin-taken';
  return verdicts.has('speed-mismatch') ? 'pin-mismatch' : 'pin-unknown';
}

/** Whether a controller has ports, and none of them takes the device's speed. */
function nothingFits(verdicts: ReadonlySet<Verdict['verdict']>): boolean {
  return (
    verdicts.has('speed-mismatch') && [...verdicts].every((one) => one === 'speed-mismatch' || one === 'not-pinned')
  );
}

function tooDeep(path: string): boolean {
  return (parsePort(path)?.length ?? 0) > MAX_HUB_CHAIN;
}

/** @returns the free ports at native speed for a demand if its pin is ignored */
export function alternativesOf(outcome: PlanOutcome, index: number): Pick<Candidate, 'bus' | 'port'>[] {
  const demand = outcome.problem.demands[index];
  if (demand === undefined) return [];
  const unpinned: Demand = { ...demand, scope: { at: 'any' } };
  return outcome.ports
    .filter((port) => ['possible', 'reserved'].includes(verdictOf(outcome, unpinned, port).verdict))
    .map(({ bus, path }) => ({ bus, port: path }));
}
