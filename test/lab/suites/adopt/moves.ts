import assert from 'node:assert/strict';
import type { AddCheck } from '../../inside/suite.js';
import { qplug } from '../parts/qplug.js';
import { seenByQemu } from '../parts/seen-by-qemu.js';
import { attach, status } from '../parts/told.js';

/** One device makes room for another. */
export function moves(check: AddCheck): void {
  check.soak(
    'rebalance: a keyboard leaves its SuperSpeed port to a disk, and both are where they were told to be',
    async (lab) => {
      const xhci = 'qemu-xhci,id=xhci,p2=1,p3=1';
      const vm = await lab.startQemu(['-M', 'pc', '-device', xhci, '-device', 'piix3-usb-uhci,id=uhci']);
      const [keyboard] = await attach(vm, 'QEMU USB Keyboard', '--controller', 'xhci', '--port', '1');
      assert.ok(keyboard);
      const drivers = (): string => [...lab.device('SS0001').drivers.values()].map(String).join();
      const disk = lab.device('SS0001').name;

      const refused = await qplug(['attach', vm.socket, 'serial=SS0001', '--json']);
      const { code, findings } = JSON.parse(refused.out);
      assert.deepEqual([refused.code, code, findings.at(-1).code], [6, 'only-slower', 'move-would-help']);
      assert.equal(findings.at(-1).fix, `qplug rebalance ${vm.socket} ${disk}`);

      const shown = await qplug(['rebalance', vm.socket, disk]);
      assert.equal(shown.code, 0, shown.err);
      assert.match(shown.out, /xhci\.0 port 1 -> uhci\.0 port 1, unplugged for a moment/);
      assert.deepEqual([(await status(vm)).devices.length, drivers()], [1, 'usb-storage']);

      const did = await qplug(['rebalance', vm.socket, disk, '--yes', '--json']);
      assert.equal(did.code, 0, did.err);
      const { done, wins } = JSON.parse(did.out);
      assert.deepEqual([done, wins.bus, wins.port, wins.megabits], [true, 'xhci.0', '1', 5000]);
      const at = { bus: 'uhci.0', port: '1', megabits: 12, attached: true };
      assert.deepEqual(await seenByQemu(vm, keyboard.id), at);
      assert.deepEqual(await seenByQemu(vm, wins.id), { ...at, bus: 'xhci.0', megabits: 5000 });
      assert.equal(drivers(), 'undefined');
      assert.deepEqual((await status(vm)).codes, []);

      assert.equal((await qplug(['detach', vm.socket, keyboard.id, wins.id])).code, 0);
      assert.equal(drivers(), 'usb-storage');
      await vm.quit();
    },
    { timeout: 120_000 },
  );
}
