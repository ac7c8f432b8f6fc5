import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Lab } from '../../inside/lab.js';
import { startNested } from '../../inside/nested-qemu.js';
import type { AddCheck } from '../../inside/suite.js';
import { firstSector, KERNEL_ARGUMENTS } from '../../shared.js';
import { endAgent, has, PATIENCE, startAgent } from '../parts/agent.js';
import { usbOf } from '../parts/as-before.js';
import { qplug } from '../parts/qplug.js';
import { attach } from '../parts/told.js';

/** What the agent promises, with the kernel's own hubs, connectors and speeds. */
export function agentOnRealUsb(check: AddCheck): void {
  check('a hub with three twins is pulled: all three come back by themselves, each on its port', async (lab) => {
    await plugHub(lab);
    const hub = lab.devices().find(({ hub: isHub, name }) => isHub && !name.includes('.'));
    assert.ok(hub);
    const vm = await lab.startQemu(['-device', 'qemu-xhci,id=xhci']);
    const devices = await attach(vm, ...[1, 2, 3].map((port) => `${hub.name}.${port}`));
    const places = devices.map(({ id, bus, port, megabits }) => `${id} ${bus} ${port} ${megabits}`);
    assert.equal(places.length, 3);
    const agent = await startAgent(lab);
    await lab.pull('hub');
    await lab
      .until('all objects are gone', async () => !/CCID/.test(await usbOf(vm)), PATIENCE)
      .catch(async (error: unknown) => {
        lab.log(`${await usbOf(vm)}\n${agent.stdout()}\n${agent.stderr()}\n${(await qplug(['agent', 'status'])).out}`);
        throw error;
      });
    await plugHub(lab);
    await has(lab, vm, places);
    await endAgent(agent);
    await vm.quit();
  });

  check.soak(
    'a disk comes back at another connector, and a board with its other speed: the same guest port',
    async (lab) => {
      const { gadget } = await lab.gadget({ id: '1209:0030', speed: 5000, functions: ['hid'], serial: 'HALF' });
      const vm = await lab.startQemu(['-device', 'qemu-xhci,id=xhci']);
      const [disk] = await attach(vm, 'serial=SS0001', '--port', '3');
      const [board] = await attach(vm, 'serial=HALF', '--port', '4');
      assert.deepEqual([disk?.megabits, board?.megabits], [5000, 5000]);
      const agent = await startAgent(lab);
      await lab.pull('ss');
      gadget.pull();
      await lab.until('both objects are gone', async () => (await usbOf(vm)) === '', PATIENCE);
      await lab.plug({ driver: 'usb-storage', id: 'ss', bus: 'x0.0', port: '6', drive: 'ss', serial: 'SS0001' });
      gadget.change({ id: '1209:0030', serial: 'HALF', speed: 480 });
      await lab.appears('1209:0030', () => gadget.plug());
      const seen = async (): Promise<string> => await usbOf(vm);
      await lab.until(
        'both are back on their ports',
        async () => /Port 3, Speed 5000/.test(await seen()) && /Port 4, Speed 480/.test(await seen()),
        PATIENCE,
      );
      await endAgent(agent);
      await vm.quit();
      // back to its own connector
      await lab.pull('ss');
      await lab.plugBack('ss');
    },
  );

  check.soak('QEMU is killed, and started again at the same socket: it has its device again', async (lab) => {
    const args = ['-device', 'qemu-xhci,id=xhci'];
    const vm = await startNested(lab.folder, 'again', args);
    lab.defer(() => vm.quit());
    assert.equal((await qplug(['adopt', vm.socket, '--name', 'again'])).code, 0);
    lab.defer(() => qplug(['adopt', '--forget', 'again']));
    assert.equal((await qplug(['assign', 'again', 'serial=SS0001', '--port', '2'])).code, 0);
    lab.defer(() => qplug(['unassign', 'again', 'serial=SS0001']));
    const agent = await startAgent(lab);
    const speed = async (one: typeof vm): Promise<boolean> => /Port 2, Speed 5000/.test(await usbOf(one));
    await lab.until('it has the disk', () => speed(vm), PATIENCE);
    vm.process.kill('SIGKILL');
    await vm.process.finished;
    const later = await startNested(lab.folder, 'again', args);
    lab.defer(() => later.quit());
    await lab.until('the next one has it', () => speed(later), PATIENCE);
    await endAgent(agent);
    await later.quit();
    await vm.quit();
  });

  check(
    'the guest reads the disk before it was pulled and after: the same bytes; wait --ready says when',
    async (lab) => {
      const [file, serial] = [join(lab.folder, 'reader.json'), join(lab.folder, 'serial')];
      const kernelArguments = `${KERNEL_ARGUMENTS} lab.usb=1 lab.disks=1 lab.wait=600 lab.times=3`;
      const boot = ['-kernel', lab.guest.kernel, '-initrd', lab.guest.initrd, '-append', kernelArguments];
      const vm = {
        name: 'reader',
        accel: ['kvm', 'tcg'],
        memory: '512M',
        qemu: { args: [...boot, '-serial', `file:${serial}`, '-no-reboot', '-nic', 'none', '-vga', 'none'] },
        usb: { devices: ['serial=SS0001'] },
      };
      writeFileSync(file, JSON.stringify(vm));
      const agent = await startAgent(lab);
      const running = await lab.start(lab.qplugArgv(['run', file]));
      const heads = (): string[] => {
        const printed = readFileSync(serial, { encoding: 'utf8', flag: 'a+' });
        return [...printed.matchAll(/^GUEST (.*)\r?\n/gm)].map(([, line = '{}']) => {
          const { disks } = JSON.parse(line) as { disks: { head: string }[] };
          return disks.map(({ head }) => head).join();
        });
      };
      await lab.until('the guest has read', () => heads().length === 1, { timeout: 240_000 });
      await lab.pull('ss');
      await lab.until(
        'its object is gone',
        async () => (await qplug(['wait', 'reader', 'serial=SS0001', '--absent', '--timeout', '300'])).code === 0,
        PATIENCE,
      );
      await lab.plugBack('ss');
      const { code, err } = await qplug(['wait', 'reader', 'serial=SS0001', '--ready', '--timeout', '300']);
      assert.equal(code, 0, err);
      await lab.until('the guest has read again', () => heads().length === 2, { timeout: 240_000 });
      // the guest would wait for another pull
      assert.equal((await qplug(['kill', 'reader'])).code, 0);
      const head = Buffer.from(firstSector('ss')).toString('hex');
      assert.deepEqual(heads(), [head, head]);
      await running.finished;
      await endAgent(agent);
    },
    { timeout: 600_000 },
  );
}

/** A hub of 12 Mb/s with three card readers, which have the same ids and the same serial number. */
async function plugHub(lab: Lab): Promise<void> {
  await lab.plug({ driver: 'usb-hub', id: 'hub', bus: 'x0.0', port: '5' });
  for (const port of [1, 2, 3])
    await lab.plug({ driver: 'usb-ccid', id: `card${port}`, bus: 'x0.0', port: `5.${port}` });
}
