import { getAll, numberOf, type Reading, textOf, type Values } from './query.js';

/** The most levels of bridges that are followed: more than any machine has. */
const DEEPEST = 16;

/**
 * Where PCI devices sit: the root bus, then `slot.function` of each bridge on the way and of the device itself, as
 * `pci.0/3.0` or `pcie.0/1c.0/0.0`. A saved state finds its devices by this path (hw/pci/pci.c, pcibus_get_dev_path).
 *
 * @param paths - canonical QOM paths
 * @returns a path for each, in order; undefined for what sits on no PCI bus
 */
export function* readPciPaths(paths: readonly string[]): Reading<(string | undefined)[]> {
  const found = paths.map((path) => ({ at: path as string | undefined, steps: [] as string[], bus: '' }));
  for (let depth = 0; depth < DEEPEST; depth++) {
    const open = found.filter((one): one is typeof one & { at: string } => one.at !== undefined);
    if (open.length === 0) break;
    const replies = yield* getAll(open.map(({ at }) => ({ path: at, properties: ['addr', 'parent_bus'] })));
    for (const [i, one] of open.entries()) climb(one, replies[i]);
  }
  return found.map(({ steps, bus }) => (steps.length === 0 ? undefined : [bus, ...steps].join('/')));
}

function climb(one: { at: string | undefined; steps: string[]; bus: string }, values: Values | undefined): void {
  const address = values === undefined ? undefined : numberOf(values, 'addr');
  const bus = values === undefined ? undefined : textOf(values, 'parent_bus');
  const cut = bus?.lastIndexOf('/') ?? -1;
  // an object without an address is the host bridge: the bus that it owns is the root bus
  if (address === undefined || address < 0 || bus === undefined || cut <= 0) {
    one.at = undefined;
    return;
  }
  one.steps.unshift(`${(address >> 3).toString(16)}.${address & 7}`);
  one.bus = bus.slice(cut + 1);
  one.at = bus.slice(0, cut);
}
