import assert from 'node:assert/strict';
import type { AddCheck } from '../../inside/suite.js';
import { remember, usbOf } from '../parts/as-before.js';
import { qplug } from '../parts/qplug.js';
import { seenByQemu } from '../parts/seen-by-qemu.js';
import { attach, status } from '../parts/told.js';

/** Which device an attach takes, and the place that it gets. */
export function places(check: AddCheck): void {
  check.soak('twins without a serial number, both attached, each by its host port', async (lab) => {
    const twin = { id: '1209:0050', speed: 480, functions: ['hid'], product: 'Twin' } as const;
    const left = (await lab.gadget(twin)).device.name;
    const right = (await lab.gadget(twin)).device.name;
    const vm = await lab.startQemu(['-device', 'qemu-xhci,id=xhci']);
    const [second] = await attach(vm, right);
    assert.deepEqual([...lab.device(left).drivers.values()], ['usbhid']);
    const [first] = await attach(vm, left);
    assert.ok(first && second);
    const host = (id: string): Promise<unknown> => vm.qmp.get(`/machine/peripheral/${id}`, 'hostaddr');
    const bus = (id: string): Promise<unknown> => vm.qmp.get(`/machine/peripheral/${id}`, 'hostbus');
    assert.deepEqual(
      [await bus(first.id), await host(first.id), await bus(second.id), await host(second.id)],
      [left, right].flatMap((name) => [lab.device(name).bus, lab.device(name).address]),
    );
    const ambiguous = await qplug(['detach', vm.socket, '1209:0050']);
    assert.deepEqual([ambiguous.code, ambiguous.out], [4, '']);
    assert.equal((await qplug(['detach', vm.socket, left])).code, 0);
    assert.deepEqual(
      (await status(vm)).devices.map(({ id }) => id),
      [second.id],
    );
    assert.equal((await qplug(['detach', vm.socket, right])).code, 0);
  });

  check.soak('--controller and --port: the device sits just there', async (lab) => {
    const xhcis = ['-device', 'qemu-xhci,id=left,p2=2,p3=2', '-device', 'qemu-xhci,id=right,p2=4,p3=2'];
    const vm = await lab.startQemu(xhcis);
    for (const [selector, words, bus, port] of [
      ['serial=SS0001', ['--controller', 'right', '--port', '2'], 'right.0', '2'],
      ['serial=HS0001', ['--controller', 'left'], 'left.0', undefined],
      ['QEMU USB Tablet', ['--controller', 'right.0', '--port', '4'], 'right.0', '4'],
    ] as const) {
      const [told] = await attach(vm, selector, ...words);
      assert.equal(told?.bus, bus);
      assert.equal(told?.port, port ?? told?.port);
      const seen = await seenByQemu(vm, told?.id ?? '');
      assert.deepEqual(seen, { bus, port: told?.port, megabits: told?.megabits, attached: true });
    }
    await vm.quit();
  });

  check.soak('a port of a hub that is there is taken when it is pinned', async (lab) => {
    const vm = await lab.startQemu([
      '-device',
      'qemu-xhci,id=xhci',
      '-device',
      'usb-hub,id=hub,bus=xhci.0,port=3,ports=4',
    ]);
    const [told] = await attach(vm, '08e6:4433', '--controller', 'xhci', '--port', '3.4');
    assert.deepEqual([told?.port, told?.megabits], ['3.4', 12]);
    assert.equal((await seenByQemu(vm, told?.id ?? '')).port, '3.4');
    await vm.quit();
  });

  check.soak('pins that can not be: exit 6, or 2 where there is no such place, and nothing is touched', async (lab) => {
    const mouse = ['-device', 'usb-mouse,id=mouse,bus=xhci.0,port=1'];
    const vm = await lab.startQemu(['-device', 'qemu-xhci,id=xhci,p2=4,p3=2', ...mouse, '-device', 'usb-ehci,id=ehci']);
    const asBefore = await remember(vm);
    const said: string[] = [];
    for (const words of [
      ['serial=SS0001', '--controller', 'xhci', '--port', '1'],
      ['serial=SS0001', '--controller', 'xhci', '--port', '3'],
      ['serial=SS0001', '--controller', 'nowhere'],
      ['serial=SS0001', '--controller', 'xhci', '--port', '9'],
      ['08e6:4433', '--controller', 'ehci'],
    ]) {
      const { code, out } = await qplug(['attach', vm.socket, ...words, '--json']);
      said.push(`${code} ${JSON.parse(out).code}`);
    }
    assert.deepEqual(said, ['6 pin-taken', '6 only-slower', '2 pin-unknown', '2 pin-unknown', '6 pin-mismatch']);
    await asBefore();
    assert.match(await usbOf(vm), /Product QEMU USB Mouse/);
  });
}
