import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { openHost } from '../../../src/access/index.js';
import { Agent, askAgent } from '../../../src/agent/index.js';
import { poll } from '../../../src/base/index.js';
import type { Finding } from '../../../src/diag/index.js';
import { recordedSysfs } from '../../../src/host/index.js';
import { patience } from '../../patience.js';
import { SIX } from './sights.js';

/*
 * An agent on a recorded host without a VM: how it starts, wakes and ends. test/oracle/agent.test.ts gives it VMs.
 */
let folder: string;
let agent: Agent | undefined;
const said: Finding[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'qplug-agent-'));
  mkdirSync(join(folder, 'nodes/001'), { recursive: true });
  said.length = 0;
});
afterEach(async () => {
  await agent?.[Symbol.asyncDispose]();
  agent = undefined;
  rmSync(folder, { recursive: true });
});

const runtime = (): string => join(folder, 'run');

async function start(signal = patience(), uevent?: number): Promise<Agent> {
  const env = { PATH: '', QPLUG_RUNTIME_DIR: runtime(), QPLUG_STATE_DIR: join(folder, 'state') };
  const host = openHost({ env, uid: process.getuid?.() ?? 0, sysfs: recordedSysfs(SIX) });
  const started = await Agent.start(host, {
    signal,
    nodes: join(folder, 'nodes'),
    runtime: runtime(),
    inherited: { uevent },
    onFindings: (findings) => said.push(...findings),
  });
  await poll(() => started.looks > 0, { interval: 1, signal: patience() });
  return started;
}

async function ask(request: object): Promise<Readonly<Record<string, unknown>> | undefined> {
  for await (const answer of askAgent(runtime(), request, patience())) return answer;
  return undefined;
}

test('looks when a node comes, when a client asks, and when somebody hints', async () => {
  agent = await start();
  const { looks } = agent;
  writeFileSync(join(folder, 'nodes/001/007'), '');
  await poll(() => (agent?.looks ?? 0) > looks, { interval: 1, signal: patience() });
  for (const wake of [() => agent?.hint(), () => ask({ do: 'look' })]) {
    const before = agent.looks;
    await wake();
    await poll(() => (agent?.looks ?? 0) > before, { interval: 1, signal: patience() });
  }
  expect(said).toEqual([]);
});

test('looks once after what inotify tells at once, each with a callback of its own', async () => {
  agent = await start();
  // the first look may have begun a second one
  await ask({ do: 'accounts' });
  const { looks } = agent;
  for (let callback = 0; callback < 20; callback++) {
    agent.hint();
    // between two callbacks Node.js runs what waits for promises
    for (let step = 0; step < 20; step++) await Promise.resolve();
  }
  await ask({ do: 'accounts' });
  await ask({ do: 'accounts' });
  expect(agent.looks).toBe(looks + 1);
});

test('looks after an event of the kernel', async () => {
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  const uevent = openSync(pipe, 'r+');
  onTestFinished(() => closeSync(uevent));
  agent = await start(patience(), uevent);
  const { looks } = agent;
  writeSync(uevent, 'bind@/devices/usb1/1-2\0');
  await poll(() => (agent?.looks ?? 0) > looks, { interval: 1, signal: patience() });
});

test('tells of the devices that it sees first', async () => {
  agent = await start();
  expect(await ask({ do: 'events', since: 1 })).toMatchObject({
    id: 1,
    event: 'device-seen',
    seq: 1,
    device: { port: '1-2' },
  });
  expect(await ask({ do: 'accounts' })).toEqual({ id: 1, accounts: [], shares: [], next: 7, held: false });
});

test('holds and gives back, and says which it does', async () => {
  agent = await start();
  for (const [verb, held] of [
    ['hold', true],
    ['hold', true],
    ['resume', false],
  ] as const) {
    expect(await ask({ do: verb })).toEqual({ id: 1, held, left: [] });
    expect(await ask({ do: 'accounts' })).toMatchObject({ held });
  }
});

test('is one for each user, and makes room when it ends', async () => {
  agent = await start();
  await expect(start()).rejects.toMatchObject({ findings: [{ code: 'agent-runs-already' }] });
  await agent[Symbol.asyncDispose]();
  agent = await start();
  expect(await ask({ do: 'accounts' })).toMatchObject({ accounts: [] });
});

test('ends at once when its signal says so, while clients wait', async () => {
  const end = new AbortController();
  agent = await start(end.signal);
  const left = expect(ask({ do: 'events' })).rejects.toMatchObject({ findings: [{ code: 'agent-lost' }] });
  await ask({ do: 'look' });
  end.abort();
  await agent.ended;
  await agent[Symbol.asyncDispose]();
  await left;
});
