import type {
  Candidate,
  Explanation,
  Placement,
  Plan,
  PlanFix,
  PortAtSpeed,
  Refusal,
  WhatIf,
} from '../../planner/index.js';
import { megabits } from '../../qdev/index.js';
import { topologyDocument } from './topology.js';

/**
 * For programs: a plan, with what goes where, what has no port and why, and the VM after the plan.
 *
 * @param explanations - by key, for the devices that the user asked about
 */
export function planDocument(
  plan: Plan,
  explanations: ReadonlyMap<string, Explanation> = new Map(),
): Record<string, unknown> {
  const more = (key: string): Record<string, unknown> => {
    const explanation = explanations.get(key);
    return explanation === undefined ? {} : { explanation: explanationDocument(explanation) };
  };
  return {
    placements: plan.placements.map((one) => ({ ...placementDocument(one), ...more(one.key) })),
    refusals: plan.refusals.map((one) => ({ ...refusalDocument(one), ...more(one.key) })),
    kept: plan.kept,
    keptTaken: plan.keptTaken,
    added: addedDocument(plan),
    after: topologyDocument(plan.after),
  };
}

/** What is added to a VM. */
export function addedDocument({ controllers, hubs }: Pick<Plan, 'controllers' | 'hubs'>): Record<string, unknown> {
  return {
    controllers: controllers.map(({ id, model, pciBus, address }) => ({
      id,
      model,
      pciBus: pciBus ?? null,
      address: address ?? null,
    })),
    hubs,
  };
}

function placementDocument(placement: Placement): Record<string, unknown> {
  const { key, label, bus, port, home, speed, native, candidates } = placement;
  return {
    id: key,
    label,
    bus,
    port,
    home: home ?? null,
    megabits: megabits(speed),
    native: megabits(native),
    candidates: candidates.map(candidateDocument),
  };
}

function refusalDocument(refusal: Refusal): Record<string, unknown> {
  const { key, label, mandatory, native, reason, candidates, fix } = refusal;
  return {
    id: key,
    label,
    mandatory,
    native: megabits(native),
    reason,
    fix: fixDocument(fix),
    candidates: candidates.map(candidateDocument),
  };
}

function candidateDocument({ bus, port, verdict }: Candidate): Record<string, unknown> {
  return {
    bus,
    port,
    verdict: verdict.verdict,
    megabits: 'speed' in verdict ? megabits(verdict.speed) : null,
    by: 'by' in verdict ? verdict.by : 'for' in verdict ? verdict.for : null,
  };
}

function fixDocument(fix: PlanFix): Record<string, unknown> {
  return fix.fix === 'both' ? { fix: fix.fix, changes: fix.changes.map(changeDocument) } : changeDocument(fix);
}

function explanationDocument({ ports, why, changes }: Explanation): Record<string, unknown> {
  return {
    ports: ports.map(({ bus, first, last, verdict }) => ({
      ...candidateDocument({ bus, port: first, verdict }),
      last,
    })),
    why: why === undefined ? null : 'over' in why ? { ...why, over: placeDocument(why.over) } : why,
    changes: changes.map(whatIfDocument),
  };
}

function placeDocument({ bus, port, speed }: PortAtSpeed): Record<string, unknown> {
  return { bus, port, megabits: megabits(speed) };
}

function whatIfDocument({ change, place, lost }: WhatIf): Record<string, unknown> {
  const { fix } = change;
  const what =
    fix === 'without'
      ? { fix, id: change.key, label: change.label }
      : fix === 'reserve'
        ? { fix, reserve: change.reserve }
        : changeDocument(change);
  return { change: what, place: place === undefined ? null : placeDocument(place), lost };
}

function changeDocument(change: Exclude<PlanFix, { fix: 'both' }>): Record<string, unknown> {
  return change.fix === 'allow-slower' ? { fix: change.fix, megabits: megabits(change.speed) } : { ...change };
}
