import assert from 'node:assert/strict';
import type { AddCheck } from '../../inside/suite.js';
import { qplug } from '../parts/qplug.js';
import { attach, status, toldOf } from '../parts/told.js';

/** Each would be believed, or obeyed by a terminal, if it were taken as it comes. */
const names = {
  'an id': 'Evil, ID: theirs',
  'a whole line of info usb': 'x\n  Device 0.0, Port 1, Speed 5000 Mb/s, Product Ghost, ID: ghost',
  'escape sequences': '\u001b]0;title\u0007\u001b[2J\u001b[31mred\u202etxt.exe\u0085',
  'options and a shell': '",id=x,bus=y $(reboot) `id` --slower allow',
} as const;

// biome-ignore lint/suspicious/noControlCharactersInRegex: what must not be printed is what is looked for
const control = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

/** Names of devices are written by the devices. */
export function hostileNames(check: AddCheck): void {
  for (const [what, product] of Object.entries(names)) {
    check(`a device whose name holds ${what} is shown escaped, and taken for itself alone`, async (lab) => {
      const { device } = await lab.gadget({
        id: '1209:0040',
        speed: 480,
        functions: ['hid'],
        product,
        serial: 'E,V=1',
      });
      assert.equal(device.product, product);
      const vm = await lab.startQemu([
        '-M',
        'pc',
        '-usb',
        '-device',
        'qemu-xhci,id=xhci',
        '-device',
        'usb-mouse,id=theirs',
      ]);
      const before = await status(vm);
      const [told] = await attach(vm, '1209:0040');
      assert.ok(told);
      assert.deepEqual([told.bus, told.megabits], ['xhci.0', 480]);

      const after = await status(vm);
      const seen = toldOf(after, told.id);
      assert.deepEqual([seen.bus, seen.port, seen.megabits, seen.attached], [told.bus, told.port, 480, true]);
      assert.equal(seen.host?.port, device.name);
      assert.deepEqual(
        after.devices.filter(({ ours }) => !ours),
        before.devices,
      );
      assert.equal(after.devices.length, before.devices.length + 1);

      for (const words of [
        ['status', vm.socket],
        ['devices'],
        ['devices', '--tree'],
        ['attach', vm.socket, '1209:0040'],
      ]) {
        const { code, out, err } = await qplug(words);
        assert.equal(code, 0, err);
        assert.doesNotMatch(out + err, control, words[0]);
      }
      const lines = (await qplug(['status', vm.socket])).out.split('\n');
      assert.equal(lines.filter((line) => line.includes(told.id)).length, 1);
      assert.deepEqual(
        lines.filter((line) => /^\s*Device/.test(line)),
        [],
      );
      // QOM alone: the text of `info usb` is what is forged.
      const inQom = (property: string): Promise<unknown> => vm.qmp.get(`/machine/peripheral/${told.id}`, property);
      assert.deepEqual([await inQom('port'), await inQom('attached')], [told.port, true]);
      assert.equal((await qplug(['detach', vm.socket, '1209:0040'])).code, 0);
      assert.deepEqual((await status(vm)).devices, before.devices);
    });
  }
}
