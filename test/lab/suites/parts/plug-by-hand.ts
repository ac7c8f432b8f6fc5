import type { LabDevice } from '../../inside/devices.js';
import type { NestedQemu } from '../../inside/nested-qemu.js';

/** Plugs a device of the lab into the controller `c` of a VM as people do without qplug, with the id `d`. */
export async function plugByHand({ qmp }: NestedQemu, { bus, address }: LabDevice): Promise<void> {
  await qmp.execute('device_add', { driver: 'usb-host', id: 'd', bus: 'c.0', hostbus: bus, hostaddr: address });
}
