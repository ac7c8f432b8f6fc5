import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { standardHost } from '../hosts.js';
import { defineSuite, type Suite } from '../inside/suite.js';
import { firstSector } from '../shared.js';
import { remember } from './parts/as-before.js';

/** What the guest tells: test/lab/outside/guest-init.sh. */
interface Told {
  devices: { speed: number; id: string; serial: string; product: string }[];
  disks: { usb: string; bytes: number; head: string }[];
}

const suite: Suite = defineSuite(
  { title: 'the whole way', source: import.meta.url, machine: { ...standardHost, kvm: true } },
  (check) => {
    check(
      'a VM file with disks of 5000 and 480 Mb/s and a card reader: its guest sees these speeds and reads both disks',
      async (lab) => {
        const [file, serial] = [join(lab.folder, 'bench.json'), join(lab.folder, 'serial')];
        const kernelArguments = 'console=ttyS0 quiet panic=-1 mitigations=off lab.usb=3 lab.disks=2';
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
        const speeds = told.devices.map((one) => `${one.id} ${one.serial} ${one.speed}`).sort();
        assert.deepEqual(speeds, ['08e6:4433 1-0000:00:03.0-4 12', '46f4:0001 HS0001 480', '46f4:0001 SS0001 5000']);
        const hex = (disk: string): string => Buffer.from(firstSector(disk)).toString('hex');
        const disks = told.disks.map(({ bytes, head }) => [bytes, head]).sort();
        assert.deepEqual(
          disks,
          [
            [16 << 20, hex('hs')],
            [16 << 20, hex('ss')],
          ].sort(),
        );

        await lab.exec(['rm', serial]);
        await asBefore();
      },
      { timeout: 180_000 },
    );
  },
);

export default suite;
