import { type Code, type EvidenceByCode, type Finding, finding, type SourceLocation } from '../diag/index.js';
import { comparePorts, parsePort, portMask, portsOf, SPEEDS, type Speed, speedsIn } from '../qdev/index.js';
import type { Candidate, Plan, Refusal, RefusalReason } from './plan.js';

export interface PlanFindingOptions {
  /** How the VM is called in the commands that are proposed; `VM` when there is no name for it. */
  readonly vm?: string | undefined;
  /** @returns where a device stands in the VM file, by its key */
  readonly locate?: ((key: string) => SourceLocation | undefined) | undefined;
}

type RefusedCode = Exclude<RefusalReason, 'no-speed'> | 'device-unsupported';
type Evidence = EvidenceByCode['no-port'];

/**
 * @returns what a person has to know of a plan: each refusal (an error when the device is mandatory, else a warning), and each
 *   device that was placed below its native speed (a warning)
 */
export function planFindings(plan: Plan, options: PlanFindingOptions = {}): Finding[] {
  const refused = plan.refusals.map((refusal) => {
    const code: RefusedCode = refusal.reason === 'no-speed' ? 'device-unsupported' : refusal.reason;
    return finding<Code>(code, evidenceOf(plan, refusal, options.vm ?? 'VM'), {
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

function evidenceOf({ after }: Plan, refusal: Refusal, vm: string): Evidence {
  const { candidates, pin } = refusal;
  const known = after.controllers.filter((one) => one.known);
  const pinned = known.filter(
    ({ id, bus }) => pin?.controller === undefined || pin.controller === bus || pin.controller === id,
  );
  const accepting = pin?.port === undefined ? undefined : pinned.map(({ bus }) => portMask(after, bus, pin.port ?? ''));
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
    accepts: speedsIn(accepting?.find((mask) => mask !== undefined) ?? 0),
    alternatives: portRanges(refusal.alternatives),
    controllers: known.map(({ id, bus }) => id ?? bus),
    ports: portRanges(pinned.flatMap((one) => portsOf(one).map(({ port }) => ({ bus: one.bus, port })))),
    fix: refusal.fix,
    vm,
  };
}

function holders(candidates: readonly Candidate[], verdict: 'taken' | 'unsure'): string[] {
  const names = candidates.flatMap((one) => (one.verdict.verdict === verdict ? [one.verdict.by] : []));
  return [...new Set(names)];
}

function bestSlower(candidates: readonly Candidate[]): Speed | undefined {
  const speeds = candidates.flatMap(({ verdict }) => (verdict.verdict === 'slower' ? [verdict.speed] : []));
  return speeds.sort((a, b) => SPEEDS.indexOf(b) - SPEEDS.indexOf(a))[0];
}

/**
 * Names ports shortly: `xhci.0 ports 1-4`, `xhci.0 ports 1.1-1.8`, `uhci.0 port 2`.
 *
 * @param ports - any ports; those of one hub or root hub become one run where their numbers follow each other
 */
function portRanges(ports: readonly { readonly bus: string; readonly port: string }[]): string[] {
  const runs: { bus: string; first: string; last: string }[] = [];
  const buses = [...new Set(ports.map(({ bus }) => bus))];
  const sorted = buses.flatMap((bus) => {
    const own = ports.filter((one) => one.bus === bus);
    return own.sort((a, b) => depth(a.port) - depth(b.port) || comparePorts(a.port, b.port));
  });
  for (const { bus, port } of sorted) {
    const run = runs.at(-1);
    if (run?.bus === bus && follows(run.last, port)) run.last = port;
    else runs.push({ bus, first: port, last: port });
  }
  return runs.map(({ bus, first, last }) =>
    first === last ? `${bus} port ${first}` : `${bus} ports ${first}-${last}`,
  );
}

function depth(port: string): number {
  return port.split('.').length;
}

function follows(port: string, next: string): boolean {
  const [a, b] = [parsePort(port), parsePort(next)];
  if (a === undefined || b === undefined || a.length !== b.length) return false;
  return a.every((number, i) => (i === a.length - 1 ? number + 1 : number) === b[i]);
}
