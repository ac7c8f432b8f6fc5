import { type Code, type EvidenceByCode, type Finding, finding, type SourceLocation } from '../../diag/index.js';
import {
  type Controller,
  portMask,
  portsOf,
  SPEEDS,
  type Speed,
  type SpeedMask,
  speedsIn,
  type Topology,
} from '../../qdev/index.js';
import { runs } from '../fixes/index.js';
import type { Candidate, Plan, Refusal, RefusalReason } from '../plan.js';
import { portRanges } from './port-ranges.js';

/** What the findings need and a plan does not contain. */
export interface PlanFindingOptions {
  /** The VM's name in the proposed commands; `VM` when it has no name. */
  readonly vm?: string | undefined;
  /**
   * Whether the VM runs. If it does, the findings propose options and commands, otherwise lines of its file. By default the topology
   * decides.
   */
  readonly running?: boolean | undefined;
  /** The controllers that the VM has although its file does not name them. */
  readonly unwritten?: readonly { readonly id: string; readonly model: string }[] | undefined;
  /** @returns where the VM file describes the device with this key */
  readonly locate?: ((key: string) => SourceLocation | undefined) | undefined;
}

type RefusedCode = Exclude<RefusalReason, 'no-speed'> | 'device-unsupported';
type Evidence = EvidenceByCode['no-port'];

/**
 * @returns what a person has to know of a plan: each refusal (an error when the device is mandatory, otherwise a warning), and a warning
 *   for each device below its native speed, each remembered device on another port, and each kept port that was taken
 */
export function planFindings(plan: Plan, options: PlanFindingOptions = {}): Finding[] {
  const refused = plan.refusals.map((refusal) => {
    const code: RefusedCode = refusal.reason === 'no-speed' ? 'device-unsupported' : refusal.reason;
    return finding<Code>(code, evidenceOf(plan, refusal, options), {
      severity: refusal.mandatory ? 'error' : 'warning',
      location: options.locate?.(refusal.key),
    });
  });
  const slower = plan.placements
    .filter(({ speed, native }) => SPEEDS.indexOf(speed) < SPEEDS.indexOf(native))
    .map(({ key, label, native, speed, bus, port }) =>
      finding(
        'placed-slower',
        { device: label, native, speed, bus, port },
        { severity: 'warning', location: options.locate?.(key) },
      ),
    );
  return [...refused, ...slower, ...elsewhere(plan, options), ...keptPortsTaken(plan)];
}

function elsewhere({ placements }: Plan, options: PlanFindingOptions): Finding[] {
  return placements.flatMap(({ key, label, bus, port, home, candidates }) => {
    if (home === undefined) return [];
    const there = candidates.find((one) => one.bus === home.bus && one.port === home.port)?.verdict;
    const evidence = { device: label, bus, port, home, because: there ?? ({ verdict: 'gone' } as const) };
    return [finding('placed-elsewhere', evidence, { severity: 'warning', location: options.locate?.(key) })];
  });
}

function keptPortsTaken({ keptTaken }: Plan): Finding[] {
  return keptTaken.map(({ bus, port, label, by }) =>
    finding('kept-port-taken', { bus, port, device: label, by }, { severity: 'warning' }),
  );
}

function evidenceOf({ after }: Plan, refusal: Refusal, options: PlanFindingOptions): Evidence {
  const { candidates, pin } = refusal;
  const known = after.controllers.filter((one) => one.known);
  const pinned = known.filter(
    ({ id, bus }) => pin?.controller === undefined || pin.controller === bus || pin.controller === id,
  );
  return {
    device: refusal.label,
    hub: refusal.hub,
    native: refusal.native,
    controller: pin?.controller,
    port: pin?.port,
    takenBy: holders(candidates, 'taken'),
    unsure: holders(candidates, 'unsure'),
    slots: candidates.flatMap(({ verdict }) => (verdict.verdict === 'controller-full' ? [verdict.slots] : []))[0],
    best: bestSlower(candidates),
    accepts: speedsIn(acceptedAt(after, pinned, pin)),
    alternatives: portRanges(refusal.alternatives),
    controllers: known.map(({ id, bus }) => id ?? bus),
    ports: portRanges(pinned.flatMap((one) => portsOf(one).map(({ port }) => ({ bus: one.bus, port })))),
    fix: refusal.fix,
    vm: options.vm ?? 'VM',
    running: options.running ?? runs(after),
    unwritten: options.unwritten ?? [],
  };
}

/** The speeds of the fixed port, or the speeds of all ports of a fixed controller. */
function acceptedAt(after: Topology, pinned: readonly Controller[], pin: Refusal['pin']): SpeedMask {
  const { port } = pin ?? {};
  if (port !== undefined) {
    const masks = pinned.map(({ bus }) => portMask(after, bus, port));
    return masks.find((mask) => mask !== undefined) ?? 0;
  }
  if (pin?.controller === undefined) return 0;
  return pinned.flatMap(({ ports }) => ports).reduce((all, { mask }) => all | mask, 0);
}

function holders(candidates: readonly Candidate[], verdict: 'taken' | 'unsure'): string[] {
  const names = candidates.flatMap((one) => (one.verdict.verdict === verdict ? [one.verdict.by] : []));
  return [...new Set(names)];
}

function bestSlower(candidates: readonly Candidate[]): Speed | undefined {
  const speeds = candidates.flatMap(({ verdict }) => (verdict.verdict === 'slower' ? [verdict.speed] : []));
  return speeds.sort((a, b) => SPEEDS.indexOf(b) - SPEEDS.indexOf(a))[0];
}
