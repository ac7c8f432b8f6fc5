import assert from 'node:assert/strict';
import type { AddCheck } from '../../inside/suite.js';
import { objects, usbOf } from '../parts/as-before.js';
import { qplug } from '../parts/qplug.js';
import { seenByQemu } from '../parts/seen-by-qemu.js';
import { attach, attached, status, toldOf } from '../parts/told.js';

/** Devices that are unplugged, plugged in again, or plugged in late. */
export function replugged(check: AddCheck): void {
  check('a device pulled and plugged in again: status says stale, attach heals it on the same port', async (lab) => {
    const vm = await lab.startQemu(['-device', 'qemu-xhci,id=xhci']);
    const [, first] = await attach(vm, 'QEMU USB Tablet', 'serial=SS0001');
    assert.ok(first);
    await lab.pull('ss');
    const pulled = await status(vm);
    assert.deepEqual([toldOf(pulled, first.id).state, pulled.codes], ['stale', ['stale-device']]);
    await lab.plugBack('ss');
    assert.equal(toldOf(await status(vm), first.id).state, 'stale');
    const claims = JSON.parse((await qplug(['claims', '--json'])).out).claims as { state: string; reason: string }[];
    assert.deepEqual(claims.map(({ state, reason }) => `${state}: ${reason}`).sort(), [
      'attached: null',
      'failed: it was unplugged',
    ]);

    const { code, out, err } = await qplug(['attach', vm.socket, 'serial=SS0001', '--json']);
    assert.equal(code, 0, err);
    assert.match(err, /^note: 46f4:0001 .* was replugged after it was attached: /m);
    const [again] = attached({ code, out, err });
    assert.deepEqual(
      [again?.outcome, again?.id, again?.bus, again?.port, again?.megabits],
      ['attached', first.id, first.bus, first.port, 5000],
    );
    assert.equal((await seenByQemu(vm, first.id)).attached, true);
    assert.deepEqual([...lab.device('SS0001').drivers.values()], [undefined]);
    const healed = await status(vm);
    assert.deepEqual([toldOf(healed, first.id).state, healed.codes, healed.devices.length], ['attached', [], 2]);
    await vm.quit();
  });

  check.soak('three devices that are gone are detached at once: by id, by vid:pid and by host port', async (lab) => {
    const ids = ['1209:0010', '1209:0011', '1209:0012'];
    const made = [];
    for (const id of ids) made.push(await lab.gadget({ id, speed: 480, functions: ['hid'] }));
    const vm = await lab.startQemu(['-device', 'qemu-xhci,id=xhci']);
    const before = await objects(vm);
    const told = await attach(vm, ...ids);
    for (const { gadget } of made) gadget.pull();
    await lab.until('they are gone', () => lab.devices().every((one) => !ids.includes(one.id)));
    const { codes } = await status(vm);
    assert.deepEqual(codes, ['stale-device', 'stale-device', 'stale-device']);
    const [byId, , byPort] = ids.map((id) => told.find((one) => one.id.includes(id.replace(':', '-'))));
    assert.ok(byId && byPort);
    const { code, out } = await qplug(['detach', vm.socket, byId.id, '1209:0011', made[2]?.device.name ?? '']);
    assert.equal(code, 0);
    assert.deepEqual(out.trim().split('\n').sort(), told.map(({ id }) => `${id} detached`).sort());
    assert.deepEqual([await usbOf(vm), await objects(vm)], ['', before]);
  });

  check.soak(
    'a board that was flashed comes back as another device: its connector has the place that it had',
    async (lab) => {
      const { gadget } = await lab.gadget({ id: '1209:0020', speed: 480, functions: ['hid'], serial: 'BOOT' });
      const vm = await lab.startQemu(['-device', 'qemu-xhci,id=xhci']);
      const [boot] = await attach(vm, 'serial=BOOT');
      gadget.pull();
      await lab.until('it is gone', () => lab.devices().every((one) => one.serial !== 'BOOT'));
      gadget.change({ id: '1209:0021', serial: 'APP' });
      await lab.appears('1209:0021', () => gadget.plug());
      const [app] = await attach(vm, 'serial=APP');
      assert.deepEqual([app?.outcome, app?.id === boot?.id, app?.port === boot?.port], ['attached', false, true]);
      const seen = await status(vm);
      assert.deepEqual([toldOf(seen, app?.id ?? '').state, seen.codes, seen.devices.length], ['attached', [], 1]);
      assert.equal((await qplug(['detach', vm.socket, app?.id ?? ''])).code, 0);
      assert.equal(await usbOf(vm), '');
    },
  );

  check.soak('--wait: a device plugged in later is attached then', async (lab) => {
    const vm = await lab.startQemu(['-device', 'qemu-xhci,id=xhci']);
    const waiting = await lab.start(lab.qplugArgv(['attach', vm.socket, 'serial=LATE', '--wait', '20', '--json']));
    await lab.until('it is at the monitor', async () => {
      const chardevs = (await vm.qmp.execute('query-chardev')) as { filename: string }[];
      return chardevs.some(({ filename }) => filename.includes(vm.socket) && !filename.startsWith('disconnected'));
    });
    assert.equal(await usbOf(vm), '');
    await lab.gadget({ id: '1209:0030', speed: 480, functions: ['hid'], serial: 'LATE' });
    const { code, stdout, stderr } = await waiting.finished;
    const [told] = attached({ code: code ?? -1, out: stdout, err: stderr });
    assert.deepEqual([told?.outcome, told?.megabits], ['attached', 480]);
    assert.deepEqual((await seenByQemu(vm, told?.id ?? '')).attached, true);
    assert.equal((await qplug(['detach', vm.socket, 'serial=LATE'])).code, 0);
  });

  check.soak('--wait that ends without the device: exit 7, said after the time that was given', async (lab) => {
    const vm = await lab.startQemu(['-device', 'qemu-xhci,id=xhci']);
    const begun = performance.now();
    const { code, out, err } = await qplug(['attach', vm.socket, 'serial=NEVER', '--wait', '1']);
    assert.deepEqual([code, out], [7, '']);
    assert.match(err, /^error: .*serial=NEVER/m);
    assert.ok(performance.now() - begun >= 1000);
  });
}
