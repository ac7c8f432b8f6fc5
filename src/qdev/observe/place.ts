import { qtreeBus } from './qtree.js';
import { mayBe, productOf, type UsbLine } from './usb-list.js';

/** A device as QOM shows it. */
export interface SeenDevice {
  readonly id: string | undefined;
  readonly driver: string;
  /** The port that it was asked for, which then is its real one; undefined when QEMU chose. */
  readonly requestedPort: string | undefined;
}

/** A USB bus as QOM shows it, its devices in the order of creation. */
export interface SeenBus {
  readonly bus: string;
  readonly devices: readonly SeenDevice[];
}

/** Where a device really is. */
export interface Placed {
  readonly port: string | undefined;
  readonly megabits: number | undefined;
  readonly product: string | undefined;
}

/**
 * Ties the lines of `info usb` to the devices of QOM. Where a port was asked for, QOM alone decides it; the lines tell speed
 * and name. For the others a line must be the only one possible, since a device can write `, ID: x` into its own name.
 *
 * @param buses - every USB bus of the VM
 * @param lines - of `info usb`; none when QEMU refused
 * @param qtree - text of `info qtree`, where that was asked for
 * @returns for each bus, for each of its devices
 */
export function placeDevices(
  buses: readonly SeenBus[],
  lines: readonly UsbLine[],
  qtree: string | undefined,
): Placed[][] {
  // The same names stand in qtree: one with a line break can forge devices and places there.
  const honest = !lines.some((line) => /[\r\n]/.test(line.tail));
  const trees = buses.map((bus) => (qtree !== undefined && honest ? checkedTree(qtree, bus) : undefined));
  const groups = assignGroups(buses, lines, trees);
  return buses.map((bus, b) => {
    const group = groups[b];
    const chosen = group === undefined ? undefined : matchGroup(bus, group);
    return bus.devices.map((device, d) => {
      const treePlace = trees[b]?.[d];
      const line =
        chosen?.[d] ??
        (treePlace === undefined
          ? loneLine(device, lines)
          : lines.find((one) => one.bus === treePlace.bus && one.port === treePlace.port && mayBe(one, device.id)));
      return {
        port: device.requestedPort ?? line?.port,
        megabits: line?.megabits,
        product: line === undefined ? undefined : productOf(line, device.id),
      };
    });
  });
}

/** @returns whether every device has a port and a line, so that the qtree need not be asked */
export function allPlaced(placed: readonly (readonly Placed[])[]): boolean {
  return placed.flat().every((one) => one.port !== undefined && one.product !== undefined);
}

type TreePlace = { readonly bus: number; readonly port: string };

/** The places of a bus by qtree, in QOM's order; undefined unless the two agree on every device. */
function checkedTree(qtree: string, bus: SeenBus): (TreePlace | undefined)[] | undefined {
  const found = qtreeBus(qtree, bus.bus)?.reverse();
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

/** Which lines are which bus's: QEMU prints a number for the bus, and QOM does not know that number. */
function assignGroups(
  buses: readonly SeenBus[],
  lines: readonly UsbLine[],
  trees: readonly ((TreePlace | undefined)[] | undefined)[],
): (readonly UsbLine[] | undefined)[] {
  const groups = new Map<number, UsbLine[]>();
  for (const line of lines) groups.set(line.bus, [...(groups.get(line.bus) ?? []), line]);
  let open = buses.map((bus, b) => {
    const told = trees[b]?.find((place) => place !== undefined)?.bus;
    return [...groups].flatMap(([number, group]) =>
      (told === undefined || told === number) && matchGroup(bus, group) !== undefined ? [number] : [],
    );
  });
  // A bus with one possible number takes it from the others, until nothing changes.
  for (let round = 0; round < buses.length; round++) {
    const sure = open.flatMap((numbers) => (numbers.length === 1 ? numbers : []));
    open = open.map((numbers) => (numbers.length === 1 ? numbers : numbers.filter((n) => !sure.includes(n))));
  }
  return open.map((numbers, b) => {
    const [number] = numbers;
    const alone = number !== undefined && numbers.length === 1 && !open.some((o, i) => i !== b && o.includes(number));
    return alone ? groups.get(number) : undefined;
  });
}

/**
 * Matches the devices of a bus with a group of lines.
 *
 * @returns a line for each device, undefined where several would do; or undefined when the group cannot be that bus
 */
function matchGroup(bus: SeenBus, group: readonly UsbLine[]): (UsbLine | undefined)[] | undefined {
  if (group.length !== bus.devices.length || new Set(group.map((line) => line.port)).size !== group.length)
    return undefined;
  const fixed = bus.devices.map(({ requestedPort, id }) =>
    requestedPort === undefined ? undefined : group.find((line) => line.port === requestedPort && mayBe(line, id)),
  );
  if (bus.devices.some(({ requestedPort }, i) => requestedPort !== undefined && fixed[i] === undefined))
    return undefined;
  const rest = new Set(group.filter((line) => !fixed.includes(line)));
  const named = bus.devices.map((device, i) => {
    if (fixed[i] !== undefined || device.id === undefined) return fixed[i];
    const possible = [...rest].filter((line) => mayBe(line, device.id));
    return possible.length === 1 ? possible[0] : undefined;
  });
  const left = [...rest].filter((line) => !named.includes(line));
  const unnamed = named.filter((line) => line === undefined).length;
  if (left.length !== unnamed) return undefined;
  return unnamed === 1 ? named.map((line) => line ?? left[0]) : named;
}

/** The line of a device with id and port when its bus could not be told: the only one in the list that fits. */
function loneLine(device: SeenDevice, lines: readonly UsbLine[]): UsbLine | undefined {
  if (device.id === undefined || device.requestedPort === undefined) return undefined;
  const fitting = lines.filter((line) => line.port === device.requestedPort && mayBe(line, device.id));
  return fitting.length === 1 ? fitting[0] : undefined;
}
