import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import type { Lab } from '../../inside/lab.js';
import type { NestedQemu } from '../../inside/nested-qemu.js';
import type { Running } from '../../inside/process.js';
import type { AddCheck } from '../../inside/suite.js';
import { usbOf } from '../parts/as-before.js';
import { qplug } from '../parts/qplug.js';
import { attach, status } from '../parts/told.js';

/** ms for what the agent does by itself: the lab's processor is emulated. */
const PATIENCE = { timeout: 60_000 };

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
      await end(agent);
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
    await end(second);
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
      await end(agent);
      await vm.quit();
    },
  );
}

/** The host port in an id of qplug's. */
function portOf(id: string): string {
  return id.split('-').slice(3).join('-');
}

/** Starts an agent. The check ends it; of one that was killed, the socket is removed at the end. */
async function startAgent(lab: Lab): Promise<Running> {
  const agent = await lab.start(lab.qplugArgv(['agent', '--json']));
  lab.defer(() => rmSync('/run/qplug/agent/control.sock', { force: true }));
  await lab.until('the agent answers', async () => (await qplug(['agent', 'status'])).code === 0, PATIENCE);
  return agent;
}

/** Ends an agent as Ctrl-C does. */
async function end(agent: Running): Promise<void> {
  agent.kill('SIGINT');
  const { code } = await agent.finished;
  assert.equal(code, 0, agent.stderr());
}

/** Waits until the VM has exactly these devices: id, bus, port, Mb/s. */
async function has(lab: Lab, vm: NestedQemu, devices: readonly string[]): Promise<void> {
  let seen: string[] = [];
  await lab.until(
    `it has ${devices.join()}`,
    async () => {
      const { devices: now } = await status(vm);
      seen = now.filter(({ attached }) => attached).map((one) => `${one.id} ${one.bus} ${one.port} ${one.megabits}`);
      return seen.join() === devices.join();
    },
    PATIENCE,
  );
}
