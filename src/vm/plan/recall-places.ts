import { oneLine } from '../../diag/index.js';
import type { HostDevice } from '../../host/index.js';
import type { KeptPort, PortName } from '../../planner/index.js';
import type { RememberedDevice } from '../../registry/index.js';

/** A device that is to have a place: by its id where the VM's file names one, else by what the host knows of it. */
export interface Returning {
  readonly key: string;
  readonly id?: string | undefined;
  readonly host?: HostDevice | undefined;
  /** The selector in the VM's file that means it. */
  readonly select?: string | undefined;
}

export interface RecalledPlaces {
  /** Where each device was, by its key. */
  readonly homes: ReadonlyMap<string, PortName>;
  /** Ports of devices that are away. Labels are printable, whoever wrote to the file. */
  readonly kept: readonly KeptPort[];
}

type HostMemory = Exclude<RememberedDevice['who'], { id: string }>;

type Likeness = (was: HostMemory, is: HostDevice, wasSelect: string | undefined, select: string | undefined) => boolean;

/**
 * From the surest to the vaguest, how a host device is known again: the same in everything; by its serial, in another connector; meant
 * by the same line of the file; what is plugged there now (a board in its boot loader has another vid:pid); one of its kind, in another
 * connector.
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
 * Which remembered place belongs to whom: each is one device's. Of several that are as like, the latest counts.
 *
 * @param remembered - the latest last
 * @param devices - that want a place now
 * @param away - selectors of the file that mean no device now
 */
export function recallPlaces(
  remembered: readonly RememberedDevice[],
  devices: readonly Returning[],
  away: readonly string[],
): RecalledPlaces {
  const homes = new Map<string, PortName>();
  const left = new Set([...remembered].reverse());
  const settle = (device: Returning, fits: (one: RememberedDevice) => boolean): void => {
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
      const { host } = device;
      if (host === undefined) continue;
      settle(device, ({ who, select }) => !('id' in who) && isLike(who, host, select, device.select));
    }
  }
  const kept = [...left].filter(({ select }) => select !== undefined && away.includes(select));
  return { homes, kept: kept.map(({ bus, port, label }) => ({ bus, port, label: oneLine(label) })) };
}
