import { printable } from '../../diag/index.js';
import {
  formatController,
  formatId,
  type HostDevice,
  type HostInventory,
  hasPort,
  isRootHub,
} from '../../host/index.js';
import { cut, roomAfter, speedText } from '../../view/text/index.js';
import type { Terminal } from '../terminal.js';
import { noDevices } from './devices.js';
import { lines } from './lines.js';

/** A device and what hangs on it. */
interface Branch {
  readonly device: HostDevice;
  readonly below: Branch[];
}

/** A bus: its root hub where that is told, and what is on it. */
interface Bus {
  readonly number: number;
  root: HostDevice | undefined;
  readonly below: Branch[];
}

/**
 * Host devices where they hang: controllers, root hubs, hubs. Each device is there once: where its hub is not told it hangs on the nearest
 * one above that is, and where its port is not told, on its bus.
 */
export function renderDeviceTree(
  devices: readonly HostDevice[],
  inventory: HostInventory,
  { outColors: colors, columns }: Pick<Terminal, 'outColors' | 'columns'>,
): string {
  if (devices.length + inventory.hubs.length === 0) return noDevices(inventory);
  const told = busesOf(devices, inventory.hubs).flatMap(({ number, root, below }) => {
    const first = root ?? below[0]?.device;
    const controller = first === undefined ? undefined : formatController(first.controller);
    const words = [
      colors.bold(`bus ${number}`),
      ...(root === undefined ? [] : [speedText(root.megabits)]),
      printable(controller ?? 'unknown host controller'),
    ];
    return [words.join('  '), ...branches(below, '')];
  });
  return lines(told);

  function branches(list: readonly Branch[], indent: string): string[] {
    return list.flatMap(({ device, below }, index) => {
      const last = index === list.length - 1;
      const id = formatId(device.vendorId, device.productId);
      const before = `${indent}${last ? '└─ ' : '├─ '}${device.port}  ${id}  ${speedText(device.megabits)}  `;
      const name = cut(printable(device.name, 60), roomAfter(before, columns));
      return [
        before + (device.isHub ? colors.dim(name) : name),
        ...branches(below, `${indent}${last ? '   ' : '│  '}`),
      ];
    });
  }
}

function busesOf(devices: readonly HostDevice[], hubs: readonly HostDevice[]): Bus[] {
  const buses = new Map<number, Bus>();
  const busOf = (number: number): Bus => {
    const known = buses.get(number);
    if (known !== undefined) return known;
    const made: Bus = { number, root: undefined, below: [] };
    buses.set(number, made);
    return made;
  };
  const byPlace = new Map<string, Branch>();
  const placeOf = (bus: number, chain: readonly number[]): string => `${bus}-${chain.join('.')}`;
  const all = [...hubs, ...devices].map((device): Branch => ({ device, below: [] }));
  for (const branch of all) {
    const { device } = branch;
    if (isRootHub(device)) busOf(device.bus).root = device;
    else if (device.isHub && hasPort(device)) byPlace.set(placeOf(device.bus, device.chain), branch);
  }
  for (const branch of all) {
    const { bus, chain } = branch.device;
    if (isRootHub(branch.device)) continue;
    const above = chain.map((_, level) => byPlace.get(placeOf(bus, chain.slice(0, level))));
    const hub = above.findLast((one) => one !== undefined);
    (hub ?? busOf(bus)).below.push(branch);
  }
  for (const { below } of [...all, ...buses.values()]) below.sort(inOrder);
  return [...buses.values()].sort((a, b) => a.number - b.number);
}

/** By port; what has none comes last, by number. */
function inOrder({ device: a }: Branch, { device: b }: Branch): number {
  if (hasPort(a) !== hasPort(b)) return hasPort(a) ? -1 : 1;
  return (a.chain.at(-1) ?? 0) - (b.chain.at(-1) ?? 0) || a.chain.length - b.chain.length || a.address - b.address;
}
