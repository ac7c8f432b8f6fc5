import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sinon from 'sinon';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { root } from '../../scripts/folders.mjs';
import { openHost } from '../../src/access/index.js';
import { poll } from '../../src/base/index.js';
import { detach, openVm } from '../../src/vm/index.js';
import { patience } from '../patience.js';
import { type Ran, qplug as run } from '../unit/cli/fake-terminal.js';
import { recordedHost } from './harness/recorded-host.js';
import { standInQemu } from './harness/stand-in-qemu.js';

/*
 * A device that a person detaches from a VM stays away from it until a person gives it back. The QEMU of this machine, adopted under a name,
 * whose host is a stand-in that has the devices of a recording.
 */
const sysfs = recordedHost(join(root, 'test/fixtures/sysfs/readme.json'));
const STICK = '0781:5567';

let folder: string;
let env: Readonly<Record<string, string>>;
let socket: string;
let qemu: ChildProcess | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'qplug-by-hand-'));
  socket = join(folder, 'qmp.sock');
  env = {
    PATH: standInQemu(folder, sysfs),
    QPLUG_RUNTIME_DIR: join(folder, 'run'),
    QPLUG_STATE_DIR: join(folder, 'state'),
  };
});
afterEach(async () => {
  await end();
  rmSync(folder, { recursive: true });
});

async function start(): Promise<void> {
  const words = ['-display', 'none', '-machine', 'pc', '-accel', 'tcg', '-m', '32', '-device', 'qemu-xhci,id=x'];
  qemu = spawn('qemu-system-x86_64', [...words, '-qmp', `unix:${socket},server=on,wait=off`], { env, stdio: 'ignore' });
  await poll(() => existsSync(socket), { interval: 20, signal: patience() });
}

async function end(): Promise<void> {
  if (qemu === undefined || qemu.exitCode !== null || qemu.signalCode !== null) return;
  qemu.kill('SIGKILL');
  await once(qemu, 'exit');
}

const qplug = (...words: string[]): Promise<Ran> => run(words, { env, sysfs });

async function must(...words: string[]): Promise<Ran> {
  const ran = await qplug(...words);
  expect(ran.exit, `${words.join(' ')}: ${ran.err}`).toBe(0);
  return ran;
}

/** The devices that were detached by hand, as `qplug assignments` shows them. */
async function byHand(...words: string[]): Promise<string[]> {
  const { detachedByHand } = JSON.parse((await must('assignments', ...words, '--json')).out);
  return (detachedByHand as { vm: string; vendorId: number }[]).map((one) => `${one.vm} ${one.vendorId.toString(16)}`);
}

test('an adopted VM has its name whether it runs or not; detached by hand is what a person detaches, until it is given back', async () => {
  await must('adopt', socket, '--name', 'guest');
  const away = await qplug('status', 'guest');
  expect([away.exit, away.err]).toEqual([3, expect.stringContaining('the adopted VM guest does not run')]);
  await start();
  expect((await must('list')).out).toMatch(/^guest +runs +\S*qmp\.sock$/m);

  await must('attach', 'guest', STICK);
  expect(await byHand()).toEqual([]);
  await must('detach', 'guest', STICK);
  const mine = [`${socket} 781`];
  expect([await byHand(), await byHand('guest'), await byHand('other')]).toEqual([mine, mine, []]);
  await must('attach', socket, STICK);
  expect(await byHand()).toEqual([]);

  await must('release', STICK, '--yes');
  expect(await byHand()).toEqual(mine);
  await must('assign', 'guest', '08e6:4433');
  expect(await byHand()).toEqual(mine);
  await must('assign', 'guest', 'serial=4C530001');
  expect(await byHand()).toEqual([]);

  // a device that is there already is given to the VM, too
  await must('attach', 'guest', STICK);
  await must('suspend', 'guest');
  expect(await byHand()).toEqual([]);
  await must('resume', 'guest');
  await must('attach', 'guest', STICK);
  await must('detach', 'guest', STICK);
  expect(await byHand()).toEqual(mine);
  await end();
  // the next command of any kind forgets what is about a VM that has ended
  expect(await byHand()).toEqual([]);
});

test('what an agent detaches, or what stays in the VM after all, is not detached by hand', async () => {
  await start();
  const operation = { signal: patience(), timeout: 60_000 };
  await must('attach', socket, STICK);
  const host = openHost({ env, uid: process.getuid?.() ?? 0, sysfs });
  using store = host.claims;
  {
    await using vm = await openVm(socket, host, operation);
    const refused = sinon.stub(vm.qmp, 'execute').callThrough().withArgs('device_del').rejects(new Error('no'));
    await expect(detach(vm, [STICK], host, operation)).rejects.toThrow('no');
    expect([refused.called, store.dismissals.list()]).toEqual([true, []]);
  }
  expect((await must('claims')).out).toContain(STICK);
  await using vm = await openVm(socket, host, operation);
  await detach(vm, [STICK], host, { ...operation, kind: 'agent' });
  expect(store.dismissals.list()).toEqual([]);
});
