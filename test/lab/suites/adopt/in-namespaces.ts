import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { Lab } from '../../inside/lab.js';
import type { NestedQemu } from '../../inside/nested-qemu.js';
import { Qmp } from '../../inside/qmp-client.js';
import type { AddCheck } from '../../inside/suite.js';
import { endAgent, has, PATIENCE, startAgent } from '../parts/agent.js';
import { usbOf } from '../parts/as-before.js';
import { qplug } from '../parts/qplug.js';
import { attach } from '../parts/told.js';

/** QEMUs in namespaces of their own, as container engines make them: mounts, network, pids. Their libusb hears of no device. */
export function inNamespaces(check: AddCheck): void {
  check(
    'a QEMU in other namespaces: its socket is only there, and it gets a device, a replugged one too',
    async (lab) => {
      const vm = await startApart(lab, 'apart', (socket) => ['-qmp', `unix:${socket},server=on,wait=off`]);
      const [disk] = await attach(vm, 'serial=SS0001', '--port', '3');
      assert.equal(disk?.megabits, 5000);
      // it was not there when QEMU's libusb began
      await lab.plug({ driver: 'usb-ccid', id: 'later', bus: 'x0.0', port: '5' });
      const [reader] = await attach(vm, '1-5');
      const places = [disk, reader].map((one) => `${one?.id} ${one?.bus} ${one?.port} ${one?.megabits}`).sort();
      const agent = await startAgent(lab);
      await lab.pull('ss');
      await lab.until('its object is gone', async () => !/Port 3/.test(await usbOf(vm)), PATIENCE);
      await lab.plugBack('ss');
      await has(lab, vm, places);
      await endAgent(agent);
      const detached = await qplug(['detach', vm.socket, 'serial=SS0001']);
      assert.equal(detached.code, 0, detached.err);
      await vm.quit();
      await qplug(['list']);
      await qplug(['doctor']);
      const { out } = await qplug(['claims']);
      assert.match(out, /no VM has a device of this host/);
      await lab.pull('later');
    },
  );

  check('a QEMU with its monitor on a port of its own network: the same, by its process', async (lab) => {
    const vm = await startApart(lab, 'ported', () => ['-qmp', 'tcp:127.0.0.1:7149,server=on,wait=off']);
    const [disk] = await attach(vm, 'serial=SS0001');
    assert.equal(disk?.megabits, 5000);
    const { out } = await qplug(['claims']);
    assert.match(out, /pid:\d+/);
    await vm.quit();
  });
}

/** Starts a QEMU in mount, network and PID namespaces of its own, with a folder that is only there. @param monitor - for qplug */
async function startApart(lab: Lab, name: string, monitor: (socket: string) => string[]): Promise<NestedQemu> {
  const own = join(lab.folder, `${name}.own`);
  const script = 'ip link set lo up; mount -t tmpfs tmpfs /mnt; exec "$@"';
  const qemu = ['qemu-system-x86_64', '-nodefaults', '-display', 'none', '-S', '-name', name];
  const process = await lab.start([
    ...['unshare', '--mount', '--net', '--pid', '--fork', '--kill-child', 'sh', '-c', script, 'sh'],
    ...[...qemu, '-device', 'qemu-xhci,id=xhci', ...monitor('/mnt/vm.qmp')],
    ...['-qmp', `unix:${own},server=on,wait=off`],
  ]);
  const qmp = await Qmp.overSocket(own);
  let over = false;
  const quit = async (): ReturnType<NestedQemu['quit']> => {
    if (!over) await qmp.execute('quit', {}, 120_000).catch(() => undefined);
    over = true;
    const end = await process.finished;
    qmp[Symbol.dispose]();
    return end;
  };
  lab.defer(async () => void (await quit()));
  const { out } = await qplug(['vms', '--json']);
  const { vms } = JSON.parse(out) as { vms: { pid: number; name: string }[] };
  const found = vms.find((one) => one.name === name);
  assert.ok(found, out);
  return { qmp, socket: `pid:${found.pid}`, process, quit };
}
