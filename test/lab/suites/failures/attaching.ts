import assert from 'node:assert/strict';
import type { AddCheck } from '../../inside/suite.js';
import { remember, usbOf } from '../parts/as-before.js';
import { qplug } from '../parts/qplug.js';

/** Attaches that qplug refuses before it asks QEMU for anything. */
export function attaching(check: AddCheck): void {
  check('no such device: exit 3, what is there is listed, nothing is changed', async (lab) => {
    const vm = await lab.startQemu(['-device', 'qemu-xhci,id=xhci']);
    const asBefore = await remember(vm);
    const { code, out, err } = await qplug(['attach', vm.socket, 'dead:beef', 'serial=SS0001']);
    assert.deepEqual([code, out], [3, '']);
    assert.match(err, /^error: no USB device matches "dead:beef": plugged in: .*46f4:0001:HS0001 /m);
    await asBefore();
  });

  check.soak('twins with serial numbers and one meant: exit 4, and the serial numbers tell them apart', async (lab) => {
    const twin = { id: '1209:0001', speed: 480, functions: ['hid'], product: 'Twin' } as const;
    await lab.gadget({ ...twin, serial: 'LEFT' });
    await lab.gadget({ ...twin, serial: 'RIGHT' });
    const vm = await lab.startQemu(['-device', 'qemu-xhci,id=xhci']);
    const asBefore = await remember(vm);
    const { code, out, err } = await qplug(['attach', vm.socket, '1209:0001']);
    assert.deepEqual([code, out], [4, '']);
    assert.match(err, /^error: "1209:0001" matches 2 devices instead of one: .*serial LEFT.*serial RIGHT/m);
    assert.match(err, /fix {2}name one of them: 1209:0001:LEFT or 1209:0001:RIGHT$/m);
    await asBefore();
    assert.equal((await qplug(['attach', vm.socket, '1209:0001:RIGHT'])).code, 0);
    assert.deepEqual([...lab.device('RIGHT').drivers.values()], [undefined]);
    assert.deepEqual([...lab.device('LEFT').drivers.values()], ['usbhid']);
  });

  check.soak('twins without serial numbers and one meant: exit 4, and the ports tell them apart', async (lab) => {
    const twin = { id: '1209:0001', speed: 12, functions: ['hid'] } as const;
    const ports = [(await lab.gadget(twin)).device.name, (await lab.gadget(twin)).device.name];
    const vm = await lab.startQemu(['-device', 'qemu-xhci,id=xhci']);
    const asBefore = await remember(vm);
    const { code, err } = await qplug(['attach', vm.socket, '1209:0001']);
    assert.equal(code, 4);
    assert.match(err, new RegExp(`fix {2}name one of them: ${ports.join(' or ')}$`, 'm'));
    await asBefore();
  });

  check.soak('no port left: exit 6, who has them is told, and the fix that is told makes it work', async (lab) => {
    const mice = [1, 2].flatMap((n) => ['-device', `usb-mouse,id=mouse${n},bus=uhci.0,port=${n}`]);
    const vm = await lab.startQemu(['-device', 'piix3-usb-uhci,id=uhci', ...mice]);
    const asBefore = await remember(vm);
    const { code, out, err } = await qplug(['attach', vm.socket, '08e6:4433']);
    assert.deepEqual([code, out], [6, '']);
    assert.match(
      err,
      /^error: no port for 08e6:4433 .*: every port that takes its speed is in use: by mouse1, mouse2$/m,
    );
    await asBefore();
    lab.log(err);
    const fix = /^ {2}fix {2}(--.*)$/m.exec(err)?.[1] ?? '';
    assert.equal((await qplug(['attach', vm.socket, '08e6:4433', ...fix.split(' ')])).code, 0);
    assert.match(await usbOf(vm), /Speed 12 Mb\/s, Product QEMU USB CCID/);
    await vm.quit();
  });

  check.soak('only slower ports left: exit 6, and nothing is attached unless slower is allowed', async (lab) => {
    const vm = await lab.startQemu(['-device', 'usb-ehci,id=ehci']);
    const asBefore = await remember(vm);
    const { code, out, err } = await qplug(['attach', vm.socket, 'serial=SS0001']);
    assert.deepEqual([code, out], [6, '']);
    assert.match(
      err,
      /^error: only slower ports are left for 46f4:0001 .*5000 Mb\/s device, and would run at .*480 Mb/m,
    );
    assert.match(err, /fix {2}--slower allow/);
    await asBefore();
    const allowed = await qplug(['attach', vm.socket, 'serial=SS0001', '--slower', 'allow']);
    assert.equal(allowed.code, 0);
    assert.match(allowed.err, /^warning: 46f4:0001 .* runs slower than it could/m);
    assert.match(await usbOf(vm), /Speed 480 Mb\/s/);
    await vm.quit();
  });
}
