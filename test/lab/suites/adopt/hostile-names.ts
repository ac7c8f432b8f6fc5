import assert from 'node:assert/strict';
import type { AddCheck } from '../../inside/suite.js';
import { qplug } from '../parts/qplug.js';
import { attach, status, toldOf } from '../parts/told.js';

/** Names that would deceive a reader or control a terminal if qplug printed them unescaped. */
const names = [
  ['the id of another device', 'Evil, ID: theirs'],
  ['a whole line of info usb', 'x\n  Device 0.0, Port 1, Speed 5000 Mb/s, Product Ghost, ID: ghost'],
  ['escape sequences', '\u001b]0;title\u0007\u001b[2J\u001b[31mred\u202etxt.exe\u0085'],
  ['options and a shell', '",id=x,bus=y $(reboot) `id` --slower allow'],
] as const;

// biome-ignore lint/suspicious/noControlCharactersInRegex: what must not be printed is what is looked for
const control = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

/** Names of devices are written by the devices. */
export function hostileNames(check: AddCheck): void {
  const what = names.map(([holds]) => holds).join(', ');
  check.soak(
    `four devices whose names hold ${what}: all shown escaped, and each taken for itself alone`,
    async (lab) => {
      const ports: string[] = [];
      for (const [index, [, product]] of names.entries()) {
        const { device } = await lab.gadget({ id: `1209:004${index}`, speed: 480, functions: ['hid'], product });
        assert.equal(device.product, product);
        ports.push(device.name);
      }
      const mouse = ['-device', 'usb-mouse,id=theirs,bus=usb-bus.0'];
      const vm = await lab.startQemu(['-M', 'pc', '-usb', '-device', 'qemu-xhci,id=xhci', ...mouse]);
      const before = await status(vm);
      const told = await attach(vm, ...ports);
      assert.deepEqual(new Set(told.map(({ port }) => port)).size, ports.length);

      const after = await status(vm);
      assert.deepEqual(
        after.devices.filter(({ ours }) => !ours),
        before.devices,
      );
      assert.equal(after.devices.length, before.devices.length + ports.length);
      assert.deepEqual(after.codes, []);
      for (const { id, bus, port } of told) {
        const { state, megabits, host, ...seen } = toldOf(after, id);
        assert.deepEqual([bus, seen.bus, seen.port, megabits, state], ['xhci.0', 'xhci.0', port, 480, 'attached']);
        assert.ok(id.endsWith(`-${host?.port}`));
        // QOM alone: the text of `info usb` is what is forged.
        assert.equal(await vm.qmp.get(`/machine/peripheral/${id}`, 'port'), port);
      }

      for (const words of [['devices'], ['devices', '--tree'], ['attach', vm.socket, ...ports]]) {
        const { code, out, err } = await qplug(words);
        assert.equal(code, 0, err);
        assert.doesNotMatch(out + err, control, words[0]);
      }
      const shown = await qplug(['status', vm.socket]);
      assert.doesNotMatch(shown.out + shown.err, control);
      const lines = shown.out.split('\n');
      for (const { id } of told) assert.equal(lines.filter((line) => line.includes(id)).length, 1);
      assert.deepEqual(
        lines.filter((line) => /^\s*Device/.test(line)),
        [],
      );
      assert.equal((await qplug(['detach', vm.socket, ...ports])).code, 0);
      assert.deepEqual((await status(vm)).devices, before.devices);
    },
    { timeout: 150_000 },
  );
}
