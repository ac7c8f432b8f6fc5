import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import type { Lab } from '../../inside/lab.js';
import type { NestedQemu } from '../../inside/nested-qemu.js';
import type { Running } from '../../inside/process.js';
import { qplug } from './qplug.js';
import { status } from './told.js';

/** ms for what the agent does by itself: the lab's processor is emulated. */
export const PATIENCE = { timeout: 120_000 };

/** Starts an agent. The check ends it; of one that was killed, the socket is removed at the end. */
export async function startAgent(lab: Lab): Promise<Running> {
  const agent = await lab.start(lab.qplugArgv(['agent', '--json']));
  lab.defer(() => rmSync('/run/qplug/agent/control.sock', { force: true }));
  const answer = async (): Promise<boolean> => (await qplug(['agent', 'status'])).code === 0;
  await lab.until('the agent answers', answer, PATIENCE).catch(async (error: unknown) => {
    lab.log(`${agent.stderr()}${(await qplug(['agent', 'status'])).err}`);
    throw error;
  });
  return agent;
}

/** Ends an agent as Ctrl-C does. */
export async function endAgent(agent: Running): Promise<void> {
  agent.kill('SIGINT');
  const { code } = await agent.finished;
  assert.equal(code, 0, agent.stderr());
}

/** Waits until the VM has exactly these devices, hubs aside: id, bus, port, Mb/s. */
export async function has(lab: Lab, vm: NestedQemu, devices: readonly string[]): Promise<void> {
  let seen: string[] = [];
  await lab.until(
    `it has ${devices.join()}`,
    async () => {
      const { devices: now } = await status(vm, '--timeout', '300');
      seen = now
        .filter(({ attached, hubPorts }) => attached && hubPorts === null)
        .map((one) => `${one.id} ${one.bus} ${one.port} ${one.megabits}`);
      return seen.join() === devices.join();
    },
    PATIENCE,
  );
}
