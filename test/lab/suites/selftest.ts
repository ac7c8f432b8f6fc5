import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { standardHost } from '../hosts.js';
import { usbDevices } from '../inside/devices.js';
import type { Lab } from '../inside/lab.js';
import type { NestedQemu } from '../inside/nested-qemu.js';
import { defineSuite, type Suite } from '../inside/suite.js';
import { firstSector, KERNEL_ARGUMENTS } from '../shared.js';
import { plugByHand } from './parts/plug-by-hand.js';

/** usb-host of a device by its present address, in a paused VM with one controller `c`; returns the VM. */
async function handOver(lab: Lab, name: string, controller: string): Promise<NestedQemu> {
  const vm = await lab.startQemu(['-device', `${controller},id=c`]);
  await plugByHand(vm, lab.device(name));
  return vm;
}

/** The line of QEMU about it: `  Device 0.0, Port 1, Speed 12 Mb/s, Product X, ID: d`. */
async function infoUsb(vm: NestedQemu): Promise<string> {
  return (await vm.qmp.human('info usb')).trim();
}

const hostile = 'evil, ID: root\n\u001b[31mred\u0007 \u202etxt.exe $(reboot)';

const suite: Suite = defineSuite({ title: 'selftest', source: import.meta.url, machine: standardHost }, (check) => {
  check('six devices of the standard host have the speeds they claim', async (lab) => {
    const seen = lab
      .devices()
      .map((one) => `${one.id} ${one.speed} ${one.id === '46f4:0001' ? one.serial : one.product}`);
    assert.deepEqual(seen.sort(), [
      '0627:0001 12 QEMU USB Keyboard',
      '0627:0001 12 QEMU USB Mouse',
      '0627:0001 480 QEMU USB Tablet',
      '08e6:4433 12 QEMU USB CCID',
      '46f4:0001 480 HS0001',
      '46f4:0001 5000 SS0001',
    ]);
  });

  check('a mouse behind a hub comes at 12 Mb/s and goes with its hub', async (lab) => {
    const hub = await lab.plug({ driver: 'usb-hub', id: 'hub', bus: 'x0.0', port: '5' });
    assert.deepEqual([hub.name, hub.hub, hub.speed], ['1-5', true, 12]);
    const mouse = await lab.plug({ driver: 'usb-mouse', id: 'mouse2', bus: 'x0.0', port: '5.2' });
    assert.deepEqual([mouse.name, mouse.speed, [...mouse.drivers.values()]], ['1-5.2', 12, ['usbhid']]);
    const gone = await lab.pull('hub');
    assert.deepEqual(gone.sort(), ['1-5', '1-5.2']);
  });

  check('a device pulled and plugged in again has a new address at the same port', async (lab) => {
    const before = lab.device('SS0001');
    assert.deepEqual(await lab.pull('ss'), [before.name]);
    const after = await lab.plugBack('ss');
    assert.equal(after.name, before.name);
    assert.notEqual(after.address, before.address);
  });

  check('twins without a serial number differ in their ports alone', async (lab) => {
    const spec = { id: '1209:0001', speed: 480, functions: ['acm'], product: 'Twin' } as const;
    const first = await lab.gadget(spec);
    const second = await lab.gadget(spec);
    assert.deepEqual([first.device.serial, second.device.serial], [undefined, undefined]);
    assert.deepEqual([first.device.id, first.device.product], [second.device.id, second.device.product]);
    assert.notEqual(first.device.name, second.device.name);
  });

  check('twins with the same vid:pid are told apart by their serial numbers', async (lab) => {
    for (const [drive, port] of [
      ['twin1', '5'],
      ['twin2', '6'],
    ] as const) {
      await lab.addDisk(drive);
      await lab.plug({ driver: 'usb-storage', id: drive, bus: 'x0.0', port, drive, serial: drive.toUpperCase() });
    }
    assert.equal(lab.device('TWIN1').id, lab.device('TWIN2').id);
  });

  for (const speed of [1.5, 12, 480, 5000] as const) {
    const add = speed === 5000 ? check : check.soak;
    add(`a gadget of ${speed} Mb/s is enumerated at that speed and usb-host takes it`, async (lab) => {
      const { device } = await lab.gadget({ id: '1209:0002', speed, functions: ['hid'], serial: 'GADGET' });
      assert.equal(device.speed, speed);
      await lab.until('usbhid', () => [...lab.device('GADGET').drivers.values()].includes('usbhid'));
      const vm = await handOver(lab, 'GADGET', speed < 480 ? 'piix3-usb-uhci' : 'qemu-xhci');
      lab.log(await infoUsb(vm));
      assert.equal(await vm.qmp.get('/machine/peripheral/d', 'attached'), true);
      assert.match(await infoUsb(vm), new RegExp(`Speed ${speed} Mb/s`));
      // A guest that runs would claim the interface; until then it is free.
      assert.deepEqual([...lab.device('GADGET').drivers.values()], [undefined]);
    });
  }

  check('usb-host takes an emulated SuperSpeed disk and gives it back', async (lab) => {
    const vm = await handOver(lab, 'SS0001', 'qemu-xhci');
    assert.match(await infoUsb(vm), /Speed 5000 Mb\/s/);
    assert.deepEqual([...lab.device('SS0001').drivers.values()], [undefined]);
    await vm.quit();
    await lab.until('usb-storage', () => [...lab.device('SS0001').drivers.values()].includes('usb-storage'));
  });

  check('a VM that a check leaves running is asked to quit, and its devices come back', async (lab) => {
    await handOver(lab, 'SS0001', 'qemu-xhci');
    await handOver(lab, 'HS0001', 'usb-ehci');
    assert.deepEqual([...lab.device('SS0001').drivers.values()], [undefined]);
  });

  check('device_del gives a device back, a killed QEMU does not', async (lab) => {
    const drivers = () => [...lab.device('SS0001').drivers.values()];
    const vm = await handOver(lab, 'SS0001', 'qemu-xhci');
    await vm.qmp.execute('device_del', { id: 'd' });
    await lab.until('usb-storage after device_del', () => drivers().includes('usb-storage'));
    const killed = await handOver(lab, 'SS0001', 'qemu-xhci');
    killed.process.kill('SIGKILL');
    await killed.process.finished;
    assert.deepEqual(drivers(), [undefined]);
    writeFileSync('/sys/bus/usb/drivers_probe', [...lab.device('SS0001').drivers.keys()][0]!);
    await lab.until('usb-storage after a probe', () => drivers().includes('usb-storage'));
  });

  check('a hostile product name reaches sysfs as it was written', async (lab) => {
    const { device } = await lab.gadget({
      id: '1209:0003',
      speed: 480,
      functions: ['hid'],
      product: hostile,
      serial: 'a,b=c',
    });
    assert.deepEqual([device.product, device.serial], [hostile, 'a,b=c']);
  });

  check('a name longer than 126 bytes is refused, one that is no UTF-8 is as if there were none', async (lab) => {
    const spec = { speed: 480, functions: ['hid'] } as const;
    await assert.rejects(lab.gadget({ ...spec, id: '1209:0008', product: 'x'.repeat(127) }), /EOVERFLOW/);
    const { device } = await lab.gadget({
      ...spec,
      id: '1209:0009',
      product: Uint8Array.of(0x61, 0xff, 0xfe),
      serial: 'S',
    });
    assert.deepEqual([device.product, device.serial], [undefined, 'S']);
  });

  check.soak('four gadgets are in at once', async (lab) => {
    for (const id of ['1209:0011', '1209:0012', '1209:0013', '1209:0014'])
      await lab.gadget({ id, speed: 12, functions: ['hid'] });
    assert.equal(lab.devices().filter((one) => one.id.startsWith('1209:')).length, 4);
  });

  check('a gadget that is flashed comes back as another device on the same port', async (lab) => {
    const { gadget, device } = await lab.gadget({ id: '1209:0004', speed: 12, functions: ['acm'], serial: 'BOOT' });
    gadget.pull();
    await lab.until('the old device is gone', () => !lab.devices().some((one) => one.id === '1209:0004'));
    gadget.change({ id: '1209:0005', serial: 'APP', release: 0x0200 });
    const flashed = await lab.appears('1209:0005', () => gadget.plug());
    assert.deepEqual([flashed.name, flashed.serial, flashed.speed], [device.name, 'APP', 12]);
  });

  check('a gadget of several functions has their interfaces', async (lab) => {
    const file = join(lab.folder, 'disk');
    writeFileSync(file, new Uint8Array(1 << 20));
    const { device } = await lab.gadget({ id: '1209:0006', speed: 5000, functions: ['mass_storage', 'acm'], file });
    assert.deepEqual(
      [...device.drivers.keys()],
      ['0', '1', '2'].map((n) => `${device.name}:1.${n}`),
    );
    assert.equal(device.speed, 5000);
  });

  check('a sound device with isochronous endpoints is enumerated', async (lab) => {
    const { name, speed, drivers } = await lab.plug({
      driver: 'usb-audio',
      id: 'audio',
      bus: 'x0.0',
      port: '5',
      audiodev: 'silence',
    });
    assert.deepEqual([speed, drivers.size], [12, 2]);
    // Table 9-13 of the USB 2.0 specification: an endpoint descriptor whose type, the low two bits of byte 3, is 01.
    const bytes = [...readFileSync(join(usbDevices, name, 'descriptors'))];
    const isochronous = bytes.filter(
      (byte, i) => byte === 5 && [7, 9].includes(bytes[i - 1]!) && (bytes[i + 2]! & 3) === 1,
    );
    assert.ok(isochronous.length > 0);
  });

  check('a process of another user may not open a device node', async (lab) => {
    const { bus, address } = lab.device('SS0001');
    const node = `/dev/bus/usb/${[bus, address].map((n) => String(n).padStart(3, '0')).join('/')}`;
    const open = ['sh', '-c', `exec 3<> ${node}`];
    assert.equal((await lab.exec(open)).code, 0);
    const refused = await lab.exec(open, { uid: 65534 });
    assert.notEqual(refused.code, 0);
    assert.match(refused.stderr, /Permission denied/);
  });

  check('a process is run with its input, and its output and exit code are told', async (lab) => {
    const done = await lab.exec(['sh', '-c', 'cat; echo problem >&2; exit 3'], { input: 'text' });
    assert.deepEqual([done.code, done.stdout, done.stderr], [3, 'text', 'problem\n']);
  });

  check.soak(
    'a guest in a nested VM sees the disk at 5000 Mb/s and reads its first sector',
    async (lab) => {
      const boot = [
        '-accel',
        'kvm',
        '-kernel',
        lab.guest.kernel,
        '-initrd',
        lab.guest.initrd,
        '-m',
        '512',
        '-serial',
        `file:${lab.folder}/serial`,
      ];
      const args = [
        ...boot,
        '-append',
        `${KERNEL_ARGUMENTS} lab.usb=1 lab.disks=1 lab.wait=600`,
        '-no-reboot',
        '-device',
        'qemu-xhci,id=c',
      ];
      const vm = await lab.startQemu(args);
      await plugByHand(vm, lab.device('SS0001'));
      await vm.qmp.execute('cont');
      await vm.process.finished;
      const { stdout } = await lab.exec(['cat', join(lab.folder, 'serial')]);
      lab.log(stdout);
      const told = JSON.parse(/^GUEST (.*)$/m.exec(stdout)![1]!);
      assert.deepEqual([told.devices.length, told.devices[0].speed, told.devices[0].serial], [1, 5000, 'SS0001']);
      assert.equal(told.disks[0].head, Buffer.from(firstSector('ss')).toString('hex'));
    },
    { timeout: 120_000 },
  );
});

export default suite;
