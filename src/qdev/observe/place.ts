import { LineIndex } from './line-index.js';
import { Qtree } from './qtree.js';
import { mayBe, productOf, type UsbLine } from './usb-list.js';

/** A device as QOM shows it. */
export interface SeenDevice {
  readonly id: string | undefined;
  readonly driver: string;
  /** The port that was asked for, which is then its real one; undefined when QEMU chose. */
  readonly requestedPort: string | undefined;
}

/** A USB bus as QOM shows it, its devices in the order of creation. */
export interface SeenBus {
  readonly bus: string;
  readonly devices: readonly SeenDevice[];
}

/** Where a device really is. */
export interface PlaceSeen {
  readonly port: string | undefined;
  readonly megabits: number | undefined;
  /** The USB address that the guest gave it; 0 before that. */
  readonly guestAddress: number | undefined;
  readonly product: string | undefined;
}

/**
 * Ties the lines of `info usb` to the devices of QOM. Where a port was asked for, QOM alone decides the port; the lines give speed
 * and name. For any other device a line must be the only one possible, since a device can write `, ID: x` into its own name.
 *
 * @param buses - every USB bus of the VM
 * @param lines - of `info usb`; none when QEMU refused
 * @param qtree - text of `info qtree`, where that was asked for
 * @returns for each bus the places of its devices, in the order of `buses` and of their devices
 */
export function placeDevices(
  buses: readonly SeenBus[],
  lines: readonly UsbLine[],
  qtree: string | undefined,
): PlaceSeen[][] {
  // The qtree holds the same names: a name with a line break can forge devices and places there.
  const honest = !lines.some((line) => /[\r\n]/.test(line.tail));
  const tree = qtree !== undefined && honest ? new Qtree(qtree) : undefined;
  const trees = buses.map((bus) => (tree === undefined ? undefined : checkedTree(tree, bus)));
  const groups = assignGroups(buses, lines, trees);
  const byPort = new LineIndex(lines, ({ port }) => port);
  const byPlace = new LineIndex(lines, ({ bus, port }) => `${bus} ${port}`);
  return buses.map((bus, b) => {
    const group = groups[b];
    const chosen = group === undefined ? undefined : matchGroup(bus, group);
    return bus.devices.map((device, d) => {
      const treePlace = trees[b]?.[d];
      const line =
        chosen?.[d] ??
        (treePlace === undefined
          ? loneLine(device, byPort)
          : byPlace.find(`${treePlace.bus} ${treePlace.port}`, device.id)[0]);
      return {
        port: device.requestedPort ?? line?.port,
        megabits: line?.megabits,
        guestAddress: line?.address,
        product: line === undefined ? undefined : productOf(line, device.id),
      };
    });
  });
}

/** @returns whether every device has a port and a line, so that there is no need to ask for the qtree */
export function allPlaced(placed: readonly (readonly PlaceSeen[])[]): boolean {
  return placed.flat().every((one) => one.port !== undefined && one.product !== undefined);
}

type TreePlace = { readonly bus: number; readonly port: string };

/** The places of a bus by qtree, in QOM's order; undefined unless the two agree on every device. */
function checkedTree(qtree: Qtree, bus: SeenBus): (TreePlace | undefined)[] | undefined {
  const found = qtree.devicesOn(bus.bus)?.reverse();
  if (found === undefined || found.length !== bus.devices.length) return undefined;
  const agrees = bus.devices.every((device, i) => {
    const other = found[i];
    return (
      other?.driver === device.driver &&
      other.id === (device.id ?? '') &&
      other.requestedPort === (device.requestedPort ?? '') &&
      (device.requestedPort === undefined || other.place?.port === device.requestedPort)
    );
  });
  return agrees ? found.map(({ place }) => place) : undefined;
}

/** The lines of one bus by QEMU's number. */
interface Group {
  readonly lines: readonly UsbLine[];
  /** By their ports; undefined where two lines have the same port: such lines are not those of one bus. */
  readonly byPort: ReadonlyMap<string, UsbLine> | undefined;
  readonly byId: LineIndex;
}

function groupsOf(lines: readonly UsbLine[]): ReadonlyMap<number, Group> {
  const byBus = new Map<number, UsbLine[]>();
  for (const line of lines) {
    const known = byBus.get(line.bus);
    if (known === undefined) byBus.set(line.bus, [line]);
    else known.push(line);
  }
  return new Map(
    [...byBus].map(([bus, own]) => {
      const byPort = new Map(own.map((line) => [line.port, line]));
      const byId = new LineIndex(own, () => '');
      return [bus, { lines: own, byPort: byPort.size === own.length ? byPort : undefined, byId }];
    }),
  );
}

/** Finds the lines of each bus: QEMU prints a number for the bus, but QOM does not show that number. */
function assignGroups(
  buses: readonly SeenBus[],
  lines: readonly UsbLine[],
  trees: readonly ((TreePlace | undefined)[] | undefined)[],
): (Group | undefined)[] {
  const groups = groupsOf(lines);
  // a bus has as many devices as its group has lines
  const bySize = new Map<number, number[]>();
  for (const [number, { lines: own }] of groups) {
    const known = bySize.get(own.length);
    if (known === undefined) bySize.set(own.length, [number]);
    else known.push(number);
  }
  const open = buses.map((bus, b) => {
    const told = trees[b]?.find((place) => place !== undefined)?.bus;
    const numbers = bySize.get(bus.devices.length) ?? [];
    return new Set(
      numbers.filter((number) => {
        const group = groups.get(number);
        return (told === undefined || told === number) && group !== undefined && matchGroup(bus, group) !== undefined;
      }),
    );
  });
  settle(open);
  const takers = new Map<number, number>();
  for (const numbers of open) for (const number of numbers) takers.set(number, (takers.get(number) ?? 0) + 1);
  return open.map((numbers) => {
    const [number] = numbers;
    return number !== undefined && numbers.size === 1 && takers.get(number) === 1 ? groups.get(number) : undefined;
  });
}

/** A bus with one possible number takes it from the others. Each round does this for all such buses at once, until nothing changes. */
function settle(open: readonly Set<number>[]): void {
  const holders = new Map<number, Set<Set<number>>>();
  for (const numbers of open) {
    for (const number of numbers) {
      const known = holders.get(number);
      if (known === undefined) holders.set(number, new Set([numbers]));
      else known.add(numbers);
    }
  }
  let sure = open.filter(({ size }) => size === 1);
  while (sure.length > 0) {
    const losers = new Set<Set<number>>();
    const taken = new Set(sure.flatMap((numbers) => [...numbers]));
    for (const number of taken) {
      for (const numbers of holders.get(number) ?? []) if (numbers.size > 1) losers.add(numbers);
    }
    for (const number of taken) {
      const known = holders.get(number);
      for (const numbers of known ?? []) {
        if (!losers.has(numbers)) continue;
        numbers.delete(number);
        known?.delete(numbers);
      }
    }
    sure = [...losers].filter(({ size }) => size === 1);
  }
}

/**
 * Matches the devices of a bus with a group of lines.
 *
 * @returns a line for each device, undefined where several would do; or undefined when the group cannot be that bus
 */
function matchGroup(bus: SeenBus, { lines, byPort, byId }: Group): (UsbLine | undefined)[] | undefined {
  if (lines.length !== bus.devices.length || byPort === undefined) return undefined;
  const fixed = bus.devices.map(({ requestedPort, id }) => {
    const line = requestedPort === undefined ? undefined : byPort.get(requestedPort);
    return line !== undefined && mayBe(line, id) ? line : undefined;
  });
  if (bus.devices.some(({ requestedPort }, i) => requestedPort !== undefined && fixed[i] === undefined))
    return undefined;
  const taken = new Set(fixed);
  const rest = lines.filter((line) => !taken.has(line));
  const lone = new Map<string, UsbLine | undefined>();
  const named = bus.devices.map(({ id }, i) => {
    if (fixed[i] !== undefined || id === undefined) return fixed[i];
    if (!lone.has(id)) {
      const possible = byId.find('', id).filter((line) => !taken.has(line));
      lone.set(id, possible.length === 1 ? possible[0] : undefined);
    }
    return lone.get(id);
  });
  const found = new Set(named);
  const left = rest.filter((line) => !found.has(line));
  const unnamed = named.filter((line) => line === undefined).length;
  if (left.length !== unnamed) return undefined;
  return unnamed === 1 ? named.map((line) => line ?? left[0]) : named;
}

/** The line of a device with id and port when the lines of its bus are not known: the only one in the list that fits. */
function loneLine({ id, requestedPort }: SeenDevice, byPort: LineIndex): UsbLine | undefined {
  if (id === undefined || requestedPort === undefined) return undefined;
  const fitting = byPort.find(requestedPort, id);
  return fitting.length === 1 ? fitting[0] : undefined;
}
