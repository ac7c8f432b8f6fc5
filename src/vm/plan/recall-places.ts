import { oneLine } from '../../diag/index.js';
import type { HostDevice } from '../../host/index.js';
import type { KeptPort, PortName } from '../../planner/index.js';
import type { RememberedDevice } from '../../registry/index.js';

/** A device that needs a place: identified by its id if the VM's file names one, otherwise by the host's facts about it. */
export interface DeviceToPlace {
  readonly key: string;
  readonly id?: string | undefined;
  readonly hostDevice?: HostDevice | undefined;
  /** The selector in the VM's file that matches it. */
  readonly select?: string | undefined;
}

export interface RecalledPlaces {
  /** The former port of each device, by its key. */
  readonly homes: ReadonlyMap<string, PortName>;
  /** Ports of absent devices. Labels are printable, whoever wrote the file. */
  readonly kept: readonly KeptPort[];
}

type HostMemory = Exclude<RememberedDevice['who'], { id: string }>;

type Likeness = (was: HostMemory, is: HostDevice, wasSelect: string | undefined, select: string | undefined) => boolean;

/**
 * How qplug recognizes a remembered host device, the surest way first: everything is the same; the same serial at another connector; the
 * same selector of the file; another device at the same connector (a board in its boot loader has another vid:pid); the same kind without a
 * serial at another connector.
 */
const LIKENESS: readonly Likeness[] = [
  (was, is) => isSamePlace(was, is) && isSameKind(was, is) && was.serial === is.serial,
  (was, is) => isSameKind(was, is) && was.serial !== undefined && was.serial === is.serial,
  (_was, _is, wasSelect, select) => select !== undefined && wasSelect === select,
  (was, is) => isSamePlace(was, is),
  (was, is) => isSameKind(was, is) && was.serial === is.serial,
];

function isSamePlace(was: HostMemory, is: HostDevice): boolean {
  return was.controller === is.controller && was.chain.join('.') === is.chain.join('.');
}

function isSameKind(was: HostMemory, is: HostDevice): boolean {
  return was.vendorId === is.vendorId && was.productId === is.productId;
}

/**
 * Assigns remembered places to devices, each place to one device. If several are equally alike, the latest wins.
 *
 * @param remembered - the latest last
 * @param devices - devices that need a place now
 * @param away - selectors of the file that match no device now
 */
export function recallPlaces(
  remembered: readonly RememberedDevice[],
  devices: readonly DeviceToPlace[],
  away: readonly string[],
): RecalledPlaces {
  const homes = new Map<string, PortName>();
  const left = new Set([...remembered].reverse());
  const settle = (device: DeviceToPlace, fits: (one: RememberedDevice) => boolean): void => {
    if (homes.has(device.key)) return;
    const found = [...left].find(fits);
    if (found === undefined) return;
    left.delete(found);
    homes.set(device.key, { bus: found.bus, port: found.port });
  };
  for (const device of devices) {
    if (device.id !== undefined) settle(device, ({ who }) => 'id' in who && who.id === device.id);
  }
  for (const isLike of LIKENESS) {
    for (const device of devices) {
      const { hostDevice } = device;
      if (hostDevice === undefined) continue;
      settle(device, ({ who, select }) => !('id' in who) && isLike(who, hostDevice, select, device.select));
    }
  }
  const kept = [...left].filter(({ select }) => select !== undefined && away.includes(select));
  return { homes, kept: kept.map(({ bus, port, label }) => ({ bus, port, label: oneLine(label) })) };
}
