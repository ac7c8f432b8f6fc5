import assert from 'node:assert/strict';
import type { AddCheck } from '../../inside/suite.js';
import { usbOf } from '../parts/as-before.js';
import { qplug } from '../parts/qplug.js';
import { seenByQemu } from '../parts/seen-by-qemu.js';
import { attach, status, toldOf } from '../parts/told.js';

/** VMs with `-usb`, and controllers without an id. */
export function bareControllers(check: AddCheck): void {
  check.soak('pc with -usb and two mice without a port: attach behind the hub of QEMU, status, detach', async (lab) => {
    const mice = ['-device', 'usb-mouse', '-device', 'usb-mouse,id=theirs'];
    const vm = await lab.startQemu(['-M', 'pc', '-usb', ...mice]);
    const before = await usbOf(vm);
    lab.log(before);
    assert.match(before, /Port 2, Speed 12 Mb\/s, Product QEMU USB Hub/);

    const done = await lab.qplug(['attach', vm.socket, '08e6:4433', '--json']);
    assert.equal(done.code, 0, done.stderr);
    const { devices, added } = JSON.parse(done.stdout);
    const [{ id, bus, port, megabits, native }] = devices;
    assert.deepEqual(added, { controllers: [], hubs: [] });
    assert.deepEqual([bus, megabits, native], ['usb-bus.0', 12, 12]);
    assert.match(port, /^2\.[2-8]$/);
    assert.deepEqual(await seenByQemu(vm, id), { bus, port, megabits, attached: true });
    assert.deepEqual([...lab.device('08e6:4433').drivers.values()], [undefined]);

    const seen = await status(vm);
    assert.deepEqual(
      seen.controllers.map(({ bus, id, model }) => [bus, id, model]),
      [['usb-bus.0', null, 'piix3-usb-uhci']],
    );
    const rows = seen.devices.map(({ id, driver, port, ours, automatic, state }) =>
      [port, driver, id ?? '-', ours ? 'ours' : 'theirs', automatic ? 'automatic' : '-', state].join(' '),
    );
    assert.deepEqual(rows.sort(), [
      '1 usb-mouse - theirs - emulated',
      '2 usb-hub - theirs automatic emulated',
      '2.1 usb-mouse theirs theirs - emulated',
      `${port} usb-host ${id} ours - attached`,
    ]);
    assert.deepEqual(seen.codes, []);
    const text = await lab.qplug(['status', vm.socket]);
    assert.match(text.stdout, /2 +12M +hub, 8 ports, inserted by QEMU itself/);
    assert.match(text.stdout, /QEMU USB CCID +from \S+ {2}qplug-/);

    const out = await lab.qplug(['detach', vm.socket, '08e6:4433']);
    assert.equal(out.code, 0, out.stderr);
    assert.match(out.stdout, /^08e6:4433 .* detached; the host has no driver for it$/m);
    assert.equal(await usbOf(vm), before);
  });

  check.soak(
    'q35 with -usb: devices of 480 and 12 Mb/s at their speeds, and theirs stay where they are',
    async (lab) => {
      const vm = await lab.startQemu(['-M', 'q35', '-usb', '-device', 'usb-mouse']);
      const before = await usbOf(vm);
      const told = await attach(vm, 'serial=HS0001', '08e6:4433');
      assert.deepEqual(told.map(({ bus, megabits }) => `${bus} at ${megabits}`).sort(), [
        'usb-bus.0 at 12',
        'usb-bus.0 at 480',
      ]);
      for (const { id, bus, port, megabits } of told)
        assert.deepEqual(await seenByQemu(vm, id), { bus, port, megabits, attached: true });
      const seen = await status(vm);
      assert.deepEqual(
        seen.controllers.map(({ bus, model }) => [bus, model]),
        [['usb-bus.0', 'ich9-usb-ehci1']],
      );
      assert.deepEqual(
        seen.devices.filter(({ ours }) => !ours).map(({ driver, port }) => [driver, port]),
        [['usb-mouse', '1']],
      );
      const ours = seen.devices.flatMap(({ id, ours }) => (ours && id !== null ? [id] : []));
      const { code } = await qplug(['detach', vm.socket, ...ours]); // a hub that was added for the card reader too
      assert.deepEqual([code, await usbOf(vm)], [0, before]);
      assert.deepEqual([...lab.device('HS0001').drivers.values()], ['usb-storage']);
    },
  );

  check.soak('two controllers without an id: attach, status and detach go by the names of their buses', async (lab) => {
    const vm = await lab.startQemu(['-M', 'pc', '-device', 'qemu-xhci', '-device', 'usb-ehci']);
    const [disk] = await attach(vm, 'serial=SS0001');
    const [tablet] = await attach(vm, 'QEMU USB Tablet');
    assert.ok(disk && tablet);
    const seen = await status(vm);
    const modelOf = (bus: string): unknown[] =>
      seen.controllers.filter((one) => one.bus === bus).map(({ id, model }) => [id, model]);
    assert.deepEqual([modelOf(disk.bus), modelOf(tablet.bus)], [[[null, 'qemu-xhci']], [[null, 'usb-ehci']]]);
    assert.deepEqual([toldOf(seen, disk.id).megabits, toldOf(seen, tablet.id).megabits], [5000, 480]);
    for (const { id, bus, port, megabits } of [disk, tablet])
      assert.deepEqual(await seenByQemu(vm, id), { bus, port, megabits, attached: true });
    assert.equal((await qplug(['detach', vm.socket, disk.id, tablet.id])).code, 0);
    assert.deepEqual((await status(vm)).devices, []);
  });
}
