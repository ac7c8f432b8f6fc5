import assert from 'node:assert/strict';
import type { AddCheck } from '../../inside/suite.js';
import { usbOf } from '../parts/as-before.js';
import { qplug } from '../parts/qplug.js';
import { attach, status, toldOf } from '../parts/told.js';

/** Devices that are in the VM already, plugged by qplug or by others. */
export function otherPeoplesDevices(check: AddCheck): void {
  check.soak('a second attach of what is there says so, exits 0 and changes nothing', async (lab) => {
    const vm = await lab.startQemu(['-device', 'qemu-xhci,id=xhci']);
    const [first] = await attach(vm, 'serial=SS0001');
    assert.ok(first);
    const before = await usbOf(vm);
    const second = await qplug(['attach', vm.socket, 'serial=SS0001']);
    assert.deepEqual([second.code, second.err], [0, '']);
    assert.match(second.out, new RegExp(`is already attached: xhci\\.0 port ${first.port}, 5G, id ${first.id}$`, 'm'));
    assert.deepEqual(
      (await attach(vm, 'serial=SS0001', 'QEMU USB Tablet')).map(({ id, outcome }) => [outcome, id === first.id]),
      [
        ['already', true],
        ['attached', false],
      ],
    );
    assert.equal((await qplug(['detach', vm.socket, 'QEMU USB Tablet'])).code, 0);
    assert.equal(await usbOf(vm), before);
    await vm.quit();
  });

  check.soak('a device that somebody plugged by bus.addr under an id of their own is there already', async (lab) => {
    const vm = await lab.startQemu(['-device', 'qemu-xhci,id=xhci']);
    const { bus, address, name } = lab.device('SS0001');
    await vm.qmp.execute('device_add', { driver: 'usb-host', id: 'stick', hostbus: bus, hostaddr: address });
    const [told] = await attach(vm, 'serial=SS0001');
    assert.deepEqual([told?.outcome, told?.id, told?.megabits], ['already', 'stick', 5000]);
    const seen = toldOf(await status(vm), 'stick');
    assert.deepEqual([seen.state, seen.ours, seen.host?.port], ['attached', false, name]);
    assert.equal((await qplug(['detach', vm.socket, 'serial=SS0001'])).code, 0);
    assert.deepEqual([...lab.device('SS0001').drivers.values()], ['usb-storage']);
  });

  check.soak('a usb-host that somebody plugged by vendorid is shown as theirs, and kept away from', async (lab) => {
    const vm = await lab.startQemu(['-M', 'pc', '-device', 'qemu-xhci,id=xhci']);
    await vm.qmp.execute('cont'); // QEMU looks for such devices only while it runs
    await vm.qmp.execute('device_add', {
      driver: 'usb-host',
      id: 'filter',
      bus: 'xhci.0',
      port: '2',
      vendorid: 0x08e6,
      productid: 0x4433,
    });
    await lab.until('QEMU has it', () => vm.qmp.get('/machine/peripheral/filter', 'attached'));
    const seen = toldOf(await status(vm), 'filter');
    assert.deepEqual([seen.driver, seen.port, seen.megabits, seen.ours], ['usb-host', '2', 12, false]);
    assert.deepEqual([seen.state, seen.attached], ['attached', true]);
    const [disk] = await attach(vm, 'serial=SS0001');
    assert.deepEqual([disk?.megabits, disk?.port === '2'], [5000, false]);
    assert.equal((await qplug(['detach', vm.socket, 'serial=SS0001'])).code, 0);
    assert.equal(toldOf(await status(vm), 'filter').attached, true);
    assert.equal((await qplug(['detach', vm.socket, 'filter'])).code, 0);
  });

  check.soak('a filter of somebody that has found nothing keeps its port, and is told as not attached', async (lab) => {
    const vm = await lab.startQemu(['-device', 'qemu-xhci,id=xhci,p2=2,p3=2']);
    await vm.qmp.execute('device_add', {
      driver: 'usb-host',
      id: 'nothing',
      bus: 'xhci.0',
      port: '1',
      vendorid: 0xdead,
      productid: 0xbeef,
    });
    const { devices, codes } = await status(vm);
    assert.deepEqual(
      devices.map(({ id, port, state, megabits }) => [id, port, state, megabits]),
      [['nothing', '1', 'detached', null]],
    );
    assert.deepEqual(codes, ['detached-device']);
    assert.deepEqual((await attach(vm, 'serial=SS0001'))[0]?.port, '2');
    await vm.quit();
  });
}
