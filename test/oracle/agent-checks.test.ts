import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { root } from '../../scripts/folders.mjs';
import { openHost } from '../../src/access/index.js';
import { Agent, type Condition } from '../../src/agent/index.js';
import { poll } from '../../src/base/index.js';
import { connect, type QmpConnection } from '../../src/qmp/index.js';
import { patience } from '../patience.js';
import { type Ran, qplug as run } from '../unit/cli/fake-terminal.js';
import { recordedHost } from './harness/recorded-host.js';
import { standInFile } from './harness/stand-in-device.js';
import { standInQemu } from './harness/stand-in-qemu.js';

/* The agent asks the QEMUs that qplug started whether they still have their devices. The QEMU is real, and its host a stand-in. */
const sysfs = recordedHost(join(root, 'test/fixtures/sysfs/six-devices.json'));
const ID = 'qplug-0627-0001-1-2';

let folder: string;
let env: Record<string, string>;
let owner: QmpConnection;
let agent: Agent | undefined;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'qplug-checks-'));
  env = {
    PATH: standInQemu(folder, sysfs),
    QPLUG_RUNTIME_DIR: join(folder, 'run'),
    QPLUG_STATE_DIR: join(folder, 'state'),
  };
  const file = join(folder, 'guest.yaml');
  const qemu = 'accel: [tcg]\nmemory: 64M\nqemu: { args: [-nic, none] }\n';
  writeFileSync(file, `${qemu}usb: { controllers: [{ model: usb-ehci }], devices: [{ select: 1-2, port: 2 }] }\n`);
  const ran = await must('run', file, '--detach', '--json');
  owner = await connect({ path: (JSON.parse(ran.out) as { sockets: { owner: string } }).sockets.owner });
});
afterEach(async () => {
  await agent?.[Symbol.asyncDispose]();
  agent = undefined;
  await owner.close();
  await must('kill', 'guest');
  rmSync(folder, { recursive: true });
});

async function must(...words: string[]): Promise<Ran> {
  const ran = await run(words, { env, sysfs, uid: process.getuid?.() ?? 0 });
  expect(ran.exit, ran.err).toBe(0);
  return ran;
}

async function startAgent(): Promise<void> {
  agent = await Agent.start(openHost({ env, uid: process.getuid?.() ?? 0, sysfs }), { signal: patience() });
}

const attached = (): Promise<unknown> =>
  owner.executeAny('qom-get', { path: `/machine/peripheral/${ID}`, property: 'attached' });

/** Waits until the agent says this of the device. */
async function tells(is: Condition['is']): Promise<void> {
  await poll(() => agent?.accounts.some(({ condition }) => condition.is === is), { interval: 10, signal: patience() });
}

test('a device that QEMU lost, though it is still plugged in, is attached again at its port', async () => {
  // QEMU passes a reset on once the guest, here its BIOS, has given the device an address (hw/usb/host-libusb.c, usb_host_handle_reset)
  const list = (): Promise<unknown> => owner.executeAny('human-monitor-command', { 'command-line': 'info usb' });
  await poll(async () => /Device \d+\.[1-9]/.test(String(await list())), { interval: 50, signal: patience() });
  // a reset that fails: QEMU lets go of the device, keeps its object, and sends no event
  const devices = readFileSync(join(folder, 'devices'));
  writeFileSync(join(folder, 'devices'), standInFile([]));
  await owner.execute('system_reset');
  await poll(async () => (await attached()) === false, { interval: 20, signal: patience() });
  writeFileSync(join(folder, 'devices'), devices);
  await startAgent();
  await poll(async () => (await attached().catch(() => false)) === true, { interval: 20, signal: patience() });
  expect(await owner.executeAny('qom-get', { path: `/machine/peripheral/${ID}`, property: 'port' })).toBe('2');
  await tells('attached');
});

test('a device whose object another program removed returns to the host, and is left alone', async () => {
  const gone = owner.waitFor('DEVICE_DELETED', ({ data }) => data.device === ID, { timeout: 60_000 });
  await owner.executeAny('device_del', { id: ID });
  await gone.promise;
  await startAgent();
  await tells('detached');
  expect(JSON.parse((await must('claims', '--json')).out).claims).toEqual([]);
  expect(await attached().catch(() => 'no object')).toBe('no object');
});

test('an agent that is started again keeps a hold; resume ends it', async () => {
  const access = openHost({ env, uid: process.getuid?.() ?? 0, sysfs });
  const start = (): Promise<Agent> =>
    Agent.start(access, { signal: patience(), runtime: env['QPLUG_RUNTIME_DIR'] ?? '' });
  agent = await start();
  await tells('attached');
  expect(await agent.hold(true, patience())).toEqual([]);
  await agent[Symbol.asyncDispose]();
  agent = await start();
  await tells('lost');
  expect(await attached().catch(() => 'no object')).toBe('no object');
  expect(await agent.hold(false, patience())).toEqual([]);
  expect(await attached()).toBe(true);
  await agent[Symbol.asyncDispose]();
  agent = await start();
  await tells('attached');
});

test('a full disk ends no agent: it says so, and goes on when there is room', async () => {
  await must('detach', 'guest', '1-2');
  const journal = join(folder, 'state/journal');
  mkdirSync(journal, { recursive: true, mode: 0o700 });
  execFileSync('mount', ['-t', 'tmpfs', '-osize=4k,mode=700', 'none', journal]);
  try {
    // the folder takes the only page
    writeFileSync(join(journal, 'filler'), Buffer.alloc(4096));
    await startAgent();
    await must('assign', 'guest', '1-2', '--port', '2');
    agent?.hint();
    await tells('waiting');
    expect(agent?.accounts).toMatchObject([{ condition: { reason: [{ code: 'state-write-failed' }] } }]);
    expect(await attached().catch(() => 'no object')).toBe('no object');
  } finally {
    execFileSync('umount', [journal]);
  }
  await tells('attached');
  expect(await attached()).toBe(true);
});
