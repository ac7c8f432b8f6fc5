import assert from 'node:assert/strict';
import type { AddCheck } from '../../inside/suite.js';
import { endAgent, has, PATIENCE, startAgent } from '../parts/agent.js';
import { usbOf } from '../parts/as-before.js';
import { qplug } from '../parts/qplug.js';
import { attach } from '../parts/told.js';

/** The agent with real devices: it sees them through inotify on /dev/bus/usb, and nothing else says that something changed. */
export function keptByAgent(check: AddCheck): void {
  check(
    'a disk that is pulled comes back to its VM by itself, on the same port, and the agent says so',
    async (lab) => {
      const vm = await lab.startQemu(['-device', 'qemu-xhci,id=xhci']);
      const [first] = await attach(vm, 'serial=SS0001');
      assert.ok(first);
      const agent = await startAgent(lab);
      await lab.pull('ss');
      await lab.until('its object is gone', async () => (await usbOf(vm)) === '', PATIENCE);
      await lab.plugBack('ss');
      await has(lab, vm, [`${first.id} ${first.bus} ${first.port} 5000`]);
      const told = agent
        .stdout()
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
      const events = told.map(({ event }) => event);
      assert.deepEqual(events.filter((one) => one !== 'device-seen' && one !== 'changing').slice(-4), [
        ...['attached', 'device-gone', 'lost', 'attached'],
      ]);
      assert.deepEqual(
        told.map(({ seq }) => seq),
        told.map((_, index) => index + 1),
      );
      await endAgent(agent);
      await vm.quit();
    },
  );

  check.soak('a board goes into its boot loader and back, while the agent is killed and started again', async (lab) => {
    const { gadget } = await lab.gadget({ id: '1209:0020', speed: 480, functions: ['hid'], serial: 'APP' });
    const vm = await lab.startQemu(['-device', 'qemu-xhci,id=xhci']);
    const [first] = await attach(vm, 'serial=APP', '--port', '2');
    assert.ok(first);
    const agent = await startAgent(lab);
    gadget.pull();
    await lab.until('its object is gone', async () => (await usbOf(vm)) === '', PATIENCE);
    gadget.change({ id: '1209:0021', serial: 'BOOT' });
    gadget.plug();
    const place = `${first.bus} ${first.port} 480`;
    await has(lab, vm, [`qplug-1209-0021-${portOf(first.id)} ${place}`]);
    agent.kill('SIGKILL');
    await agent.finished;
    gadget.pull();
    gadget.change({ id: '1209:0020', serial: 'APP' });
    gadget.plug();
    const second = await startAgent(lab);
    await has(lab, vm, [`${first.id} ${place}`]);
    await endAgent(second);
    await vm.quit();
  });

  check(
    'what a person detaches stays away, also after a replug; the sleeping host has everything back',
    async (lab) => {
      const vm = await lab.startQemu(['-device', 'qemu-xhci,id=xhci']);
      const [disk] = await attach(vm, 'serial=SS0001');
      const { gadget } = await lab.gadget({ id: '1209:0022', speed: 480, functions: ['hid'], serial: 'MINE' });
      assert.equal((await qplug(['attach', vm.socket, 'serial=MINE'])).code, 0);
      const agent = await startAgent(lab);
      assert.equal((await qplug(['detach', vm.socket, 'serial=MINE'])).code, 0);
      gadget.pull();
      await lab.appears('1209:0022', () => gadget.plug());
      const held = await qplug(['agent', 'hold', '--json']);
      assert.equal(held.code, 0, held.err);
      assert.equal(await usbOf(vm), '');
      const back = await qplug(['agent', 'resume', '--json']);
      assert.equal(back.code, 0, back.err);
      await has(lab, vm, [`${disk?.id} ${disk?.bus} ${disk?.port} 5000`]);
      await endAgent(agent);
      await vm.quit();
    },
  );
}

/** The host port in an id of qplug's. */
function portOf(id: string): string {
  return id.split('-').slice(3).join('-');
}
