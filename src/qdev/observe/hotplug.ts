import type { HotplugSlot } from '../topology.js';
import { within } from './limits.js';
import type { QomNode } from './qom-walk.js';
import { busChildren, flagOf, getAll, numberOf, type Reading, textOf } from './query.js';

/** Whether only one bus has this name. Where several share it, `bus=` is ambiguous; see `observeTopology`. */
type IsUnique = (name: string) => boolean;

const PCI_SLOTS = 32;

/**
 * Where a PCI USB controller can still be hot-plugged. A bus takes hot plug when QEMU gave it a hot-plug handler (hw/core/qdev.c,
 * qbus_is_hotpluggable): pci.0 of `pc` unless ACPI or its root hot-plug is off, root ports unless hotplug=off, never pcie.0. But a
 * handler may refuse every device on a bus. In QEMU 5.2, 10.0 and 11.1, not in 7.2, a root port with hotplug=off has such a handler.
 * In 10.0 and 11.1 the ACPI's handler may refuse as well: it decides by its own properties and by the port's `hotplug`
 * (hw/acpi/pcihp.c, acpi_pcihp_is_hotpluggbale_bus). So this reads these properties too. Measured: test/oracle/hotplug-slots.test.ts.
 *
 * @returns free PCIe slots first, then conventional buses with their free slots; both in the order of their names
 */
export function* readHotplug(nodes: readonly QomNode[], isUnique: IsUnique): Reading<HotplugSlot[]> {
  const buses = nodes
    .filter((node) => (node.type === 'PCIE' || node.type === 'PCI') && isUnique(node.name))
    .map((node) => ({ node, children: busChildren(node.properties) }));
  within(
    'devices',
    buses.reduce((sum, { children }) => sum + children.length, 0),
  );
  // The address of what sits on a conventional bus: slot * 8 + function.
  const wanted = buses.map(({ node: { path, type, parent }, children }) => [
    { path, properties: ['hotplug-handler'] },
    { path: parent?.path ?? path, properties: ['hotplug'] },
    ...(type === 'PCIE'
      ? []
      : children.map(({ index }) => ({ path: `${path}/child[${index}]`, properties: ['addr'] }))),
  ]);
  const replies = yield* getAll(wanted.flat());
  let next = 0;
  const answers = buses.map((_, i) => {
    const [handler, port, ...slots] = replies.slice(next, next + (wanted[i]?.length ?? 0));
    next += wanted[i]?.length ?? 0;
    const path = handler && textOf(handler, 'hotplug-handler');
    return {
      handler: path === '' ? undefined : path,
      off: port !== undefined && flagOf(port, 'hotplug') === false,
      slots,
    };
  });
  const refusing = yield* readRefusing(answers.flatMap(({ handler }) => handler ?? []));
  return buses
    .map(({ node, children }, i) => {
      const { handler, off = false, slots: others = [] } = answers[i] ?? {};
      const bus = node.name;
      const isRoot = node.parent?.type.endsWith('-pcihost') === true;
      const canPlug = handler !== undefined && !off && !refusing[isRoot ? 'roots' : 'bridges'].has(handler);
      if (node.type === 'PCIE') return { bus, capacity: canPlug && children.length === 0 ? 1 : 0, pcie: true };
      const slots = others.map((values) => numberOf(values, 'addr'));
      const used = new Set(slots.map((addr, n) => (addr === undefined ? `gone ${n}` : addr >> 3)));
      // Slot 0 of a bridge may belong to its own hot-plug controller.
      const total = isRoot ? PCI_SLOTS : PCI_SLOTS - 1;
      return { bus, capacity: canPlug ? Math.max(0, total - used.size) : 0, pcie: false };
    })
    .filter((slot) => slot.capacity > 0)
    .sort((a, b) => Number(b.pcie) - Number(a.pcie) || compareNames(a.bus, b.bus))
    .map(({ bus, capacity }) => ({ bus, capacity }));
}

/** Properties of PIIX4_PM and ICH9-LPC: whether they take devices on root buses and behind bridges. */
const [ROOTS, BRIDGES] = ['acpi-root-pci-hotplug', 'acpi-pci-hotplug-with-bridge-support'];

/** @returns the handlers that refuse devices on root buses, and those that refuse them behind bridges */
function* readRefusing(
  handlers: readonly string[],
): Reading<{ readonly roots: ReadonlySet<string>; readonly bridges: ReadonlySet<string> }> {
  const paths = [...new Set(handlers)];
  const replies =
    paths.length === 0 ? [] : yield* getAll(paths.map((path) => ({ path, properties: [ROOTS, BRIDGES] })));
  const saying = (property: string): ReadonlySet<string> =>
    new Set(paths.filter((_, i) => replies[i] !== undefined && flagOf(replies[i], property) === false));
  return { roots: saying(ROOTS), bridges: saying(BRIDGES) };
}

/** Orders names so that `rp2` stands before `rp10`, without asking a locale. */
export function compareNames(a: string, b: string): number {
  const split = (name: string): string[] => name.split(/(\d+)/);
  const left = split(a);
  const right = split(b);
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const [x, y] = [left[i] ?? '', right[i] ?? ''];
    if (x === y) continue;
    if (i % 2 === 1 && Number(x) !== Number(y)) return Number(x) - Number(y);
    return x < y ? -1 : 1;
  }
  return left.length - right.length;
}
