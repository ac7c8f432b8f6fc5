import assert from 'node:assert/strict';
import { differences, takePicture } from '../../inside/leftovers.js';
import type { NestedQemu } from '../../inside/nested-qemu.js';

/** The ids of all that was created in a VM: devices, controllers, hubs. */
export async function objects(vm: NestedQemu): Promise<string[]> {
  const list = (await vm.qmp.execute('qom-list', { path: '/machine/peripheral' })) as { name: string; type: string }[];
  return list.filter(({ type }) => type.startsWith('child<')).map(({ name }) => name);
}

/** What QEMU reports about a VM's USB devices. */
export async function usbOf(vm: NestedQemu): Promise<string> {
  return (await vm.qmp.human('info usb')).trim();
}

/**
 * Remembers files, sockets, processes, devices and drivers of the lab, and what is in a VM.
 *
 * @returns a function that asserts that all is the same again; without waiting, because qplug gives everything back before it ends
 */
export async function remember(vm?: NestedQemu): Promise<() => Promise<void>> {
  const contents = async (): Promise<string[]> => (vm === undefined ? [] : [...(await objects(vm)), await usbOf(vm)]);
  const [picture, inside] = [takePicture(), await contents()];
  return async () => {
    assert.deepEqual(differences(picture, takePicture()), [], 'the lab is as it was');
    assert.deepEqual(await contents(), inside, 'the VM is as it was');
  };
}
