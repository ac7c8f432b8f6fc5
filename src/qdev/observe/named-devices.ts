import type { AttachedDevice, BusDevices } from '../topology.js';
import { deviceOf } from './devices-seen.js';
import { alongside, getAll, numberOf, type Reading, textOf, type Values } from './query.js';
import { readUsbLines } from './usb-lines.js';
import { mayBe, productOf, type UsbLine } from './usb-list.js';

/** Some devices of a VM, by bus. */
export interface NamedDevices {
  readonly controllers: readonly BusDevices[];
  /** Whether all is known of each of them that QEMU has; if not, only the whole tree tells more. */
  readonly isComplete: boolean;
}

/** QEMU takes about a millisecond for each command while its guest is busy, so these are few. */
const PROPERTIES = ['type', 'parent_bus', 'attached', 'hostbus', 'hostaddr'];

/**
 * Reads the devices with these ids, and nothing else of the VM: one batch with a few commands, where `observeTopology` needs six. QEMU keeps
 * a device with an id under /machine/peripheral, and its bus behind the link `parent_bus` (hw/core/qdev.c).
 *
 * @param ids - qdev ids
 * @returns the devices that QEMU has
 * @throws QplugError `qmp-wrong-reply` for a property that is not of its type
 */
export function* observeNamed(ids: readonly string[]): Reading<NamedDevices> {
  const wanted = ids.map((id) => ({ path: `/machine/peripheral/${id}`, properties: PROPERTIES }));
  const [all, lines] = yield* alongside(getAll(wanted), readUsbLines());
  const byBus = new Map<string, AttachedDevice[]>();
  let isComplete = true;
  for (const [at, values] of all.entries()) {
    if (isAbsent(values)) continue;
    const device = namedDevice(values, ids[at] ?? '', lines);
    const bus = textOf(values, 'parent_bus')?.split('/').at(-1);
    if (device === undefined || bus === undefined) {
      isComplete = false;
      continue;
    }
    const known = byBus.get(bus);
    if (known === undefined) byBus.set(bus, [device]);
    else known.push(device);
  }
  return { controllers: [...byBus].map(([bus, devices]) => ({ bus, devices })), isComplete };
}

/** QEMU says that there is no object at this path (qom/qom-qmp-cmds.c, qmp_qom_get). */
function isAbsent({ replies }: Values): boolean {
  const reply = replies.get('type');
  return reply !== undefined && 'error' in reply && reply.error.class === 'DeviceNotFound';
}

/**
 * A device can write `, ID: x` into its name, so a line counts only if no other one fits. A hub has more properties, and so has a usb-host
 * that takes whatever matches a filter.
 *
 * @returns undefined if its port is not known, or more than these properties would tell it
 */
function namedDevice(values: Values, id: string, lines: readonly UsbLine[]): AttachedDevice | undefined {
  const driver = textOf(values, 'type');
  const [line, ...others] = lines.filter((one) => mayBe(one, id));
  if (driver === undefined || line === undefined || others.length > 0) return undefined;
  const isFilter = driver === 'usb-host' && !(numberOf(values, 'hostbus') && numberOf(values, 'hostaddr'));
  if (driver === 'usb-hub' || isFilter) return undefined;
  const { requestedPort: _, ...device } = deviceOf(values.path, driver, values);
  if (device.attached && line.megabits === undefined) return undefined;
  return {
    ...device,
    port: line.port,
    megabits: device.attached ? line.megabits : undefined,
    guestAddress: device.attached ? line.address : undefined,
    product: productOf(line, id),
  };
}
