import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ensureQemuRelease, qemuCommand } from '../../scripts/qemu-releases.mjs';
import { ensureStandIn } from '../../scripts/usb-stand-in.mjs';
import { openHost } from '../../src/access/index.js';
import { Agent, type Condition } from '../../src/agent/index.js';
import { poll } from '../../src/base/index.js';
import { connect } from '../../src/qmp/index.js';
import { patience } from '../patience.js';
import { type PlainQemu, startQemuOf } from '../qemu/harness/plain-qemu.js';
import { type Ran, qplug as run } from '../unit/cli/fake-terminal.js';
import { ChangingHost, DOWNLOAD, idOf, MODEM, type Mode } from './harness/changing-host.js';

/*
 * The agent with a real QEMU whose host is a stand-in: devices vanish, come back, and change their mode. A recorded host sends no events, so
 * each change is followed by a hint, as inotify gives one.
 */
let folder: string;
let program: Parameters<typeof startQemuOf>[0];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'qplug-agent-'));
  const found = await ensureQemuRelease('7.2');
  const standIn = ensureStandIn((line) => console.log(line));
  const stand = { USB_STAND_IN_DEVICES: join(folder, 'devices'), USB_STAND_IN_LOG: join(folder, 'log') };
  program = { command: qemuCommand(found, { librariesFirst: [standIn] }), env: { ...found.env, ...stand } };
});
afterAll(() => rmSync(folder, { recursive: true }));

let host: ChangingHost;
let qemu: PlainQemu;
let env: Record<string, string>;
let agent: Agent | undefined;
const said: string[] = [];
beforeEach(async () => {
  const own = mkdtempSync(join(folder, 'vm-'));
  env = { PATH: process.env['PATH'] ?? '', QPLUG_RUNTIME_DIR: join(own, 'run'), QPLUG_STATE_DIR: join(own, 'state') };
  said.length = 0;
  host = new ChangingHost(join(folder, 'devices'));
  host.plug(MODEM);
  qemu = await startQemuOf(
    program,
    ...['-machine', 'pc', '-accel', 'tcg', '-m', '32', '-device', 'qemu-xhci,id=x,p2=3,p3=1'],
  );
});
afterEach(async () => {
  await agent?.[Symbol.asyncDispose]();
  agent = undefined;
  await qemu[Symbol.asyncDispose]();
});

async function startAgent(): Promise<Agent> {
  const access = openHost({ env, uid: process.getuid?.() ?? 0, sysfs: host.liveSysfs });
  agent = await Agent.start(access, {
    signal: patience(),
    onFindings: (findings) => said.push(...findings.map(({ code }) => code)),
  });
  return agent;
}

async function endAgent(): Promise<void> {
  await agent?.[Symbol.asyncDispose]();
  agent = undefined;
}

function plug(mode: Mode | undefined): void {
  host.plug(mode);
  agent?.hint();
}

async function must(...words: string[]): Promise<Ran> {
  const ran = await run(words, { env, sysfs: host.sysfs });
  expect(ran.exit, ran.err).toBe(0);
  return ran;
}

interface Status {
  readonly topology: {
    readonly controllers: readonly { readonly devices: readonly { readonly id: string; readonly port: string }[] }[];
  };
}

const inVm = async (): Promise<string[]> => {
  const { topology } = JSON.parse((await must('status', qemu.socket, '--json')).out) as Status;
  return topology.controllers.flatMap(({ devices }) => devices.map(({ id, port }) => `${id} on ${port}`));
};

/** Waits until the VM has exactly these devices. */
async function becomes(...devices: readonly string[]): Promise<void> {
  let seen: readonly string[] = [];
  try {
    await poll(
      async () => {
        seen = await inVm();
        return seen.join() === devices.join();
      },
      { interval: 20, signal: patience() },
    );
  } catch (cause) {
    const accounts = JSON.stringify(agent?.accounts);
    throw new Error(`${seen.join()} instead of ${devices.join()}; ${accounts}; ${said.join()}`, { cause });
  }
}

/** Waits until the agent says this of the VM. */
async function tells(is: Condition['is']): Promise<Condition> {
  return await poll(() => agent?.accounts.find(({ condition }) => condition.is === is)?.condition, {
    interval: 10,
    signal: patience(),
  });
}

describe('the agent', () => {
  test('frees the port of a device that vanishes, and gives the device the same port when it returns', async () => {
    await must('attach', qemu.socket, '1-2', '--port', '2');
    await startAgent();
    await tells('attached');
    plug(undefined);
    await becomes();
    expect((await tells('lost')).is).toBe('lost');
    plug({ ...MODEM, address: 5 });
    await becomes(`${idOf(0x701a)} on 2`);
    expect(said).toEqual([]);
  });

  test('follows a device that is replugged at once', async () => {
    await must('attach', qemu.socket, '1-2', '--port', '3');
    await startAgent();
    await tells('attached');
    for (const address of [5, 6, 7]) {
      plug({ ...MODEM, address });
      await poll(() => agent?.accounts.every(({ condition }) => condition.is === 'attached'), {
        interval: 10,
        signal: patience(),
      });
      await becomes(`${idOf(0x701a)} on 3`);
    }
  });

  test('gives a board in its boot loader to its VM, on the same port, and the board afterwards', async () => {
    await must('attach', qemu.socket, '1-2', '--port', '2');
    await startAgent();
    await tells('attached');
    plug(undefined);
    await becomes();
    plug(DOWNLOAD);
    await becomes(`${idOf(0x9201)} on 2`);
    plug(undefined);
    await becomes();
    plug({ ...MODEM, address: 6 });
    await becomes(`${idOf(0x701a)} on 2`);
  });

  test.each(['before the device vanishes', 'while it is gone', 'after it came back'])(
    'killed %s, does the same',
    async (when) => {
      await must('attach', qemu.socket, '1-2', '--port', '2');
      await startAgent();
      await tells('attached');
      if (when === 'before the device vanishes') await endAgent();
      plug(undefined);
      if (agent !== undefined) await becomes();
      if (when === 'while it is gone') await endAgent();
      if (agent === undefined) await startAgent();
      await becomes();
      if (when === 'after it came back') await endAgent();
      plug({ ...MODEM, address: 5 });
      if (agent === undefined) await startAgent();
      await becomes(`${idOf(0x701a)} on 2`);
    },
  );

  test('tries a device that can not be opened again, later and later, and says why', async () => {
    await must('attach', qemu.socket, '1-2');
    await startAgent();
    await tells('attached');
    plug({ ...MODEM, address: 5, openError: -3 });
    const waiting = await tells('waiting');
    expect(waiting).toMatchObject({ reason: [{ code: 'device-open-failed' }] });
    plug({ ...MODEM, address: 6 });
    await becomes(`${idOf(0x701a)} on 2`);
  });

  const ACTS = ['assignment', 'device', 'agent'] as const;
  const ORDERS = ACTS.flatMap((first) =>
    ACTS.filter((one) => one !== first).map((second) => [
      first,
      second,
      ACTS.find((one) => one !== first && one !== second) ?? first,
    ]),
  );

  test.each(ORDERS)('attaches an assigned device to an adopted VM: %s, %s, %s', async (...acts) => {
    plug(undefined);
    await must('adopt', qemu.socket, '--name', 'guest');
    for (const act of acts) {
      if (act === 'assignment') await must('assign', 'guest', '1-2', '--port', '3');
      if (act === 'device') plug(MODEM);
      if (act === 'agent') await startAgent();
    }
    await becomes(`${idOf(0x701a)} on 3`);
  });

  test('leaves a device alone that a person detached, also after a replug, until it is attached again', async () => {
    await must('adopt', qemu.socket, '--name', 'guest');
    await must('assign', 'guest', '1-2', '--port', '2');
    await startAgent();
    await becomes(`${idOf(0x701a)} on 2`);
    await must('detach', 'guest', '1-2');
    await tells('detached');
    plug(undefined);
    await tells('absent');
    plug({ ...MODEM, address: 5 });
    await tells('detached');
    expect(await inVm()).toEqual([]);
    await must('attach', 'guest', '1-2', '--port', '2');
    await becomes(`${idOf(0x701a)} on 2`);
    plug(undefined);
    await becomes();
    plug({ ...MODEM, address: 6 });
    await becomes(`${idOf(0x701a)} on 2`);
  });

  test('gives up a device that is gone, when a person detaches it; another word that is wrong changes nothing', async () => {
    await must('attach', qemu.socket, '1-2');
    await startAgent();
    await tells('attached');
    plug(undefined);
    await becomes();
    await tells('lost');
    const wrong = await run(['detach', qemu.socket, '0627:701a', 'nothing'], { env, sysfs: host.sysfs });
    expect(wrong.exit).toBe(3);
    expect((await must('status', qemu.socket)).err).toContain('was unplugged while');
    const { err } = await must('detach', qemu.socket, '0627:701a');
    expect(err).toContain('and does not get it back');
    expect((await must('status', qemu.socket)).err).not.toContain('was unplugged while');
    plug({ ...MODEM, address: 5 });
    await poll(() => agent?.accounts.every(({ condition }) => condition.is !== 'lost'), {
      interval: 10,
      signal: patience(),
    });
    expect(await inVm()).toEqual([]);
  });

  test('works through the share that it keeps itself, whichever was first, beside another client', async () => {
    const listen = join(folder, `shared-${Math.random()}.sock`);
    await must('adopt', qemu.socket, '--name', 'guest');
    await must('assign', 'guest', '1-2', '--port', '2');
    await must('share', 'guest', '--listen', listen, '--keep');
    const first = await startAgent();
    await poll(() => first.shares.some(({ condition }) => condition.is === 'up'), { interval: 10, signal: patience() });
    await using beside = await connect({ path: listen });
    await becomes(`${idOf(0x701a)} on 2`);
    for (const address of [5, 6]) {
      plug(undefined);
      await becomes();
      plug({ ...MODEM, address });
      await becomes(`${idOf(0x701a)} on 2`);
    }
    expect((await beside.execute('query-status')).status).toBe('prelaunch');
    await endAgent();
    expect((await beside.closed).reason).toBe('eof');
    plug(undefined);
    await startAgent();
    await becomes();
    plug({ ...MODEM, address: 7 });
    await becomes(`${idOf(0x701a)} on 2`);
    expect(agent?.shares).toMatchObject([{ condition: { is: 'up' } }]);
    expect(said).toEqual([]);
  });

  test('wait says what QEMU has, whoever attached it', async () => {
    const lines = ['wait', qemu.socket, '1-2', '--timeout', '0'];
    const before = await run(lines, { env, sysfs: host.sysfs });
    expect([before.exit, before.err]).toEqual([7, expect.stringContaining('is not attached after 0 s')]);
    await must('attach', qemu.socket, '1-2');
    expect((await must('wait', qemu.socket, '1-2')).out).toBe('1-2 is attached\n');
    await must('detach', qemu.socket, '1-2');
    expect((await must('wait', qemu.socket, '1-2', '--absent')).out).toBe('1-2 is absent\n');
    expect((await must('wait', qemu.socket)).out).toMatch(/ is up\n$/);
    const nobody = await run(['wait', 'nobody', '--timeout', '0.1'], { env, sysfs: host.sysfs });
    expect([nobody.exit, nobody.err]).toEqual([7, expect.stringContaining('nobody')]);
  });

  test('wait --ready says what the guest has done with the device', async () => {
    const wait = () => run(['wait', qemu.socket, '1-2', '--ready', '--timeout', '1'], { env, sysfs: host.sysfs });
    expect(await wait()).toMatchObject({ exit: 7, err: expect.stringMatching(/is not ready after 1 s.*absent/s) });
    await must('attach', qemu.socket, '1-2');
    expect(await wait()).toMatchObject({ exit: 7, err: expect.stringContaining('has not addressed it yet') });
    // the BIOS addresses all devices; nothing here shows the kernel's part in its choice of a configuration
    await must('qmp', qemu.socket, 'cont');
    const { err } = await poll(
      async () => {
        const ran = await wait();
        return ran.err.includes('has not configured it yet') && ran;
      },
      { interval: 50, signal: patience() },
    );
    expect(err).toMatch(/the host has \S+ on 1-2:1\.0, and not usbfs/);
    host.plug({ ...MODEM, driver: 'usbfs' });
    expect((await must('wait', qemu.socket, '1-2', '--ready')).out).toBe('1-2 is ready\n');
    expect(JSON.parse((await must('wait', qemu.socket, '1-2', '--ready', '--json')).out)).toMatchObject({
      is: 'ready',
    });
  });

  test('takes all devices from their VMs before the host sleeps, and gives them back', async () => {
    await must('attach', qemu.socket, '1-2', '--port', '2');
    const awake = await startAgent();
    await tells('attached');
    expect(await awake.hold(true, patience())).toEqual([]);
    expect(await inVm()).toEqual([]);
    plug({ ...MODEM, address: 5 });
    expect(await awake.hold(false, patience())).toEqual([]);
    await becomes(`${idOf(0x701a)} on 2`);
  });
});
