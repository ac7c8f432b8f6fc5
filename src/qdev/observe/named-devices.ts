import type { AttachedDevice, BusDevices } from '../topology.js';
import { deviceOf, MORE_PROPERTIES } from './devices-seen.js';
import { alongside, getAll, type Reading, textOf, type Values } from './query.js';
import { readUsbLines } from './usb-lines.js';
import { mayBe, productOf, type UsbLine } from './usb-list.js';

/** Some devices of a VM, by bus. */
export interface NamedDevices {
  readonly controllers: readonly BusDevices[];
  /** Whether all is known of each of them that QEMU has; if not, only the whole tree tells more. */
  readonly isComplete: boolean;
}

const PROPERTIES = ['type', 'parent_bus', 'port', 'attached', ...[...MORE_PROPERTIES.values()].flat()];

/**
 * Reads the devices with these ids, and nothing else of the VM: one batch of commands where `observeTopology` needs six. QEMU keeps a
 * device with an id under /machine/peripheral, and its bus behind the link `parent_bus` (hw/core/qdev.c).
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
  for (const values of all) {
    if (isAbsent(values)) continue;
    const driver = textOf(values, 'type');
    const bus = textOf(values, 'parent_bus')?.split('/').at(-1);
    if (driver === undefined || bus === undefined) {
      isComplete = false;
      continue;
    }
    const device = namedDevice(values, driver, lines);
    if (device.port === undefined || (device.attached && device.megabits === undefined)) isComplete = false;
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

/** A device can write `, ID: x` into its name, so a line counts only if no other one fits. */
function namedDevice(values: Values, driver: string, lines: readonly UsbLine[]): AttachedDevice {
  const { requestedPort: port, ...device } = deviceOf(values.path, driver, values);
  const [line, ...others] = lines.filter((one) => one.port === port && mayBe(one, device.id));
  const own = others.length === 0 ? line : undefined;
  return {
    ...device,
    port,
    megabits: device.attached ? own?.megabits : undefined,
    product: own && productOf(own, device.id),
  };
}
