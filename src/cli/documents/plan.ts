import type { Candidate, Fix, Placement, Plan, Refusal } from '../../planner/index.js';
import { megabits } from '../../qdev/index.js';
import { topologyDocument } from './topology.js';

/** A plan for programs: what goes where, what does not and why, and how the VM looks afterwards. */
export function planDocument(plan: Plan): Record<string, unknown> {
  return {
    placements: plan.placements.map(placementDocument),
    refusals: plan.refusals.map(refusalDocument),
    added: {
      controllers: plan.controllers.map(({ id, model, pciBus, address }) => ({
        id,
        model,
        pciBus: pciBus ?? null,
        address: address ?? null,
      })),
      hubs: plan.hubs,
    },
    after: topologyDocument(plan.after),
  };
}

function placementDocument({ key, label, bus, port, speed, native, candidates }: Placement): Record<string, unknown> {
  return {
    id: key,
    label,
    bus,
    port,
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
    by: 'by' in verdict ? verdict.by : null,
  };
}

function fixDocument(fix: Fix): Record<string, unknown> {
  return fix.fix === 'allow-slower' ? { fix: fix.fix, megabits: megabits(fix.speed) } : { ...fix };
}
