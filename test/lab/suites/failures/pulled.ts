import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { usbDevices } from '../../inside/devices.js';
import type { Gadget } from '../../inside/gadget.js';
import type { AddCheck } from '../../inside/suite.js';
import { remember } from '../parts/as-before.js';
import { qplug } from '../parts/qplug.js';

const pause = new Int32Array(new SharedArrayBuffer(4));

/** Unplugs a gadget and blocks this process until the kernel no longer shows it. */
function pullNow(gadget: Gadget, name: string): void {
  gadget.pull();
  for (let looks = 0; existsSync(join(usbDevices, name)); looks++) {
    if (looks > 500) throw new Error(`${name} is still there`);
    Atomics.wait(pause, 0, 0, 10);
  }
}

const stick = { speed: 480, functions: ['hid'], serial: 'PULLED' } as const;

/** Devices and QEMUs that vanish in the middle of a command. */
export function pulled(check: AddCheck): void {
  check('a device pulled between plan and attach: exit 3, and the device before it is given back', async (lab) => {
    const vm = await lab.startQemu(['-device', 'qemu-xhci,id=xhci']);
    const asBefore = await remember(vm);
    const { gadget, device } = await lab.gadget({ ...stick, id: 'f055:0009' });
    const { code, out, err } = await qplug(['attach', vm.socket, 'serial=HS0001', 'serial=PULLED', '--verbose'], {
      onErr: (text) => {
        if (text.startsWith('· plug f055:0009')) pullNow(gadget, device.name);
      },
    });
    assert.deepEqual([code, out], [3, '']);
    assert.match(
      err,
      /^error: f055:0009 .* is no longer plugged into this host: it was there when qplug made the plan/m,
    );
    assert.match(err, /^ {2}fix {2}.*--wait 30/m);
    assert.match(err, /^· plug 46f4:0001 .*\n· plug f055:0009 .*\n· undo: plug 46f4:0001 /m);
    await asBefore();
  });

  check.soak(
    'a device pulled when QEMU has it, before all are plugged: told, and all is taken out again',
    async (lab) => {
      const vm = await lab.startQemu(['-device', 'qemu-xhci,id=xhci']);
      const asBefore = await remember(vm);
      const { gadget, device } = await lab.gadget({ ...stick, id: '1209:0009' });
      const { code, out, err } = await qplug(['attach', vm.socket, 'serial=PULLED', 'serial=HS0001', '--verbose'], {
        onErr: (text) => {
          if (text.startsWith('· plug 46f4:0001')) pullNow(gadget, device.name);
        },
      });
      assert.deepEqual([code, out], [3, '']);
      assert.match(err, /^error: 1209:0009 .* is no longer plugged into this host/m);
      assert.match(err, /^· undo: plug 46f4:0001 .*\n· undo: plug 1209:0009 /m);
      await asBefore();
    },
  );

  check('QEMU killed in the middle of an attach of two devices: exit 8, and the host has both back', async (lab) => {
    const asBefore = await remember();
    const vm = await lab.startQemu(['-device', 'qemu-xhci,id=xhci']);
    const { code, out, err } = await qplug(['attach', vm.socket, 'serial=HS0001', 'serial=SS0001', '--verbose'], {
      onErr: (text) => {
        if (/^· plug .* at 3-/.test(text)) vm.process.kill('SIGKILL');
      },
    });
    assert.deepEqual([code, out], [8, '']);
    assert.match(err, /^error: .*(closed|ended)/m);
    await vm.process.finished;
    await lab.exec(['rm', '-f', vm.socket, vm.socket.replace(/qmp$/, 'own')]);
    await asBefore();
  });
}
