import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { standardHost } from '../hosts.js';
import { defineSuite, type Suite } from '../inside/suite.js';
import { firstSector, KERNEL_ARGUMENTS } from '../shared.js';
import { remember } from './parts/as-before.js';

/** What the guest prints: test/lab/outside/guest-init.sh. */
interface Told {
  devices: { name: string; speed: number; product: string }[];
  disks: { usb: string; bytes: number; head: string }[];
}

const suite: Suite = defineSuite(
  { title: 'the whole way', source: import.meta.url, machine: standardHost },
  (check) => {
    check(
      'a VM file with disks of 5000 and 480 Mb/s and a card reader: its guest sees these speeds and reads both disks',
      async (lab) => {
        const [file, serial] = [join(lab.folder, 'bench.json'), join(lab.folder, 'serial')];
        const kernelArguments = `${KERNEL_ARGUMENTS} lab.usb=3 lab.disks=2 lab.wait=600`;
        const boot = ['-kernel', lab.guest.kernel, '-initrd', lab.guest.initrd, '-append', kernelArguments];
        const vm = {
          name: 'bench',
          accel: ['kvm', 'tcg'],
          memory: '512M',
          qemu: { args: [...boot, '-serial', `file:${serial}`, '-no-reboot', '-nic', 'none', '-vga', 'none'] },
          usb: { devices: ['serial=SS0001', 'serial=HS0001', '08e6:4433'] },
        };
        writeFileSync(file, JSON.stringify(vm));
        const asBefore = await remember();

        // In the foreground: it ends by itself when the guest has powered off.
        const { code, stdout, stderr, ms } = await lab.qplug(['run', file]);
        lab.log(`${Math.round(ms)} ms: ${stdout}${stderr}`);
        const printed = readFileSync(serial, 'utf8');
        lab.log(printed);
        assert.deepEqual([code, stdout], [0, 'bench ended: its guest powered off\n']);
        assert.doesNotMatch(stderr, /error|warning/);

        const told = JSON.parse(/^GUEST (.*)$/m.exec(printed)?.[1] ?? '{}') as Told;
        const speeds = told.devices.map(({ product, speed }) => `${product} ${speed}`).sort();
        assert.deepEqual(speeds, ['QEMU USB CCID 12', 'QEMU USB HARDDRIVE 480', 'QEMU USB HARDDRIVE 5000']);
        const disks = told.disks.map(({ usb, bytes, head }) => {
          const speed = told.devices.find(({ name }) => name === usb)?.speed ?? 0;
          return { speed, bytes, head };
        });
        const disk = (name: string): string => Buffer.from(firstSector(name)).toString('hex');
        assert.deepEqual(
          disks.sort((one, other) => one.speed - other.speed),
          [
            { speed: 480, bytes: 16 << 20, head: disk('hs') },
            { speed: 5000, bytes: 16 << 20, head: disk('ss') },
          ],
        );

        await lab.exec(['rm', serial]);
        await asBefore();
      },
      { timeout: 180_000 },
    );
  },
);

export default suite;
