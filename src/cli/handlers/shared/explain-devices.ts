import { fail, nearest } from '../../../diag/index.js';
import { type HostDevice, type HostInventory, isSelector, matchSelector, parseSelector } from '../../../host/index.js';
import { type Explanation, explain, type Plan, type PlanRequest } from '../../../planner/index.js';

/** A plan with what is needed to explain it. */
export interface PlanToExplain {
  readonly request: PlanRequest;
  readonly plan: Plan;
  readonly wanted: readonly { readonly id: string; readonly hostDevice: HostDevice | undefined }[];
}

/**
 * Explains the devices that were named: by id, by selector, or by words of the label, the first of these that means any.
 *
 * @param names - an empty one means all devices; none at all, none
 * @param inventory - the host's devices, for selectors; undefined where they were not looked at
 * @returns explanations by key
 * @throws QplugError `explain-unknown`
 */
export function explainDevices(
  names: readonly string[],
  { request, plan, wanted }: PlanToExplain,
  inventory: HostInventory | undefined,
): Map<string, Explanation> {
  const devices = [...plan.placements, ...plan.refusals];
  const hostDevices = new Map(wanted.map(({ id, hostDevice }) => [id, hostDevice]));
  const keys = new Set(names.flatMap((name) => (name === '' ? devices.map(({ key }) => key) : keysOf(name))));
  return new Map(
    devices.flatMap(({ key }) => {
      const found = keys.has(key) ? explain(request, plan, key) : undefined;
      return found === undefined ? [] : [[key, found] as const];
    }),
  );

  function keysOf(name: string): string[] {
    const ports = portsOf(name, inventory);
    const words = name.toLowerCase().split(/\s+/);
    const meanings = [
      devices.filter(({ key }) => key === name),
      devices.filter(({ key }) => ports.has(hostDevices.get(key)?.port ?? '')),
      devices.filter(({ label }) => words.every((word) => label.toLowerCase().includes(word))),
    ];
    const meant = meanings.find((list) => list.length > 0);
    if (meant !== undefined) return meant.map(({ key }) => key);
    const known = devices.map(({ key }) => key);
    throw fail('explain-unknown', { device: name, known, nearest: nearest(name, known) });
  }
}

/** The host ports that a selector means. */
function portsOf(name: string, inventory: HostInventory | undefined): Set<string> {
  const selector = parseSelector(name);
  if (inventory === undefined || !isSelector(selector)) return new Set();
  return new Set(matchSelector(selector, inventory).map(({ port }) => port));
}
