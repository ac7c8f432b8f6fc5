import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { ensureQemuRelease, qemuCommand } from '../../scripts/qemu-releases.mjs';
import { ensureStandIn } from '../../scripts/usb-stand-in.mjs';
import { openHost } from '../../src/access/index.js';
import { Agent } from '../../src/agent/index.js';
import { poll } from '../../src/base/index.js';
import { ChangingHost, idOf, MODEM } from '../oracle/harness/changing-host.js';
import { startQemuOf } from '../qemu/harness/plain-qemu.js';
import { type Ran, qplug as run } from '../unit/cli/fake-terminal.js';

/*
 * An agent, and what may happen to it, in a random order for a long time: a device is pulled, plugged in and replugged, a person detaches and
 * attaches it, the host sleeps, the agent ends and another one starts. After each, the VM has the device exactly if it is to have it. The QEMU
 * is real, its host a stand-in. The time in seconds is in QPLUG_AGENT_SOAK.
 */
const SECONDS = Number(process.env['QPLUG_AGENT_SOAK'] ?? 300);

/** ms between two events: the time is to pass, and others need the processors. */
const PAUSE = 1000;

/** ms in which the VM must be right again. A connector that comes and goes too often is left alone for a minute. */
const PATIENCE = 180_000;

/** Descriptors that come and go. */
const SOME = 8;

type Event = 'pull' | 'plug' | 'replug' | 'detach' | 'attach' | 'end' | 'start' | 'hold' | 'resume';

/** A small generator of random numbers, so that a failure can be repeated. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

test(`${SECONDS} s of whatever happens`, { timeout: (SECONDS + 600) * 1000 }, async () => {
  const seed = Number(process.env['QPLUG_SEED'] ?? Date.now() % 1_000_000);
  const random = randomOf(seed);
  const folder = mkdtempSync(join(tmpdir(), 'qplug-soak-'));
  const found = await ensureQemuRelease('7.2');
  const standIn = ensureStandIn((line) => console.log(line));
  const stand = { USB_STAND_IN_DEVICES: join(folder, 'devices'), USB_STAND_IN_LOG: join(folder, 'log') };
  const program = { command: qemuCommand(found, { librariesFirst: [standIn] }), env: { ...found.env, ...stand } };
  const env = {
    PATH: process.env['PATH'] ?? '',
    QPLUG_RUNTIME_DIR: join(folder, 'run'),
    QPLUG_STATE_DIR: join(folder, 'state'),
  };
  const host = new ChangingHost(join(folder, 'devices'));
  host.plug(undefined);
  await using qemu = await startQemuOf(program, '-machine', 'pc', '-m', '32', '-device', 'qemu-xhci,id=x');
  const access = openHost({ env, uid: process.getuid?.() ?? 0, sysfs: host.liveSysfs });
  const must = async (...words: string[]): Promise<Ran> => {
    const ran = await run([...words, '--timeout', '60'], { env, sysfs: host.sysfs });
    expect(ran.exit, `${words.join(' ')}: ${ran.err}`).toBe(0);
    return ran;
  };
  expect((await run(['adopt', qemu.socket, '--name', 'guest'], { env, sysfs: host.sysfs })).exit).toBe(0);
  expect((await run(['assign', 'guest', '1-2', '--port', '2'], { env, sysfs: host.sysfs })).exit).toBe(0);

  let [address, isPlugged, isDismissed, isHeld] = [2, false, false, false];
  let agent: Agent | undefined;
  const said: string[] = [];
  const start = async (): Promise<void> => {
    agent = await Agent.start(access, {
      signal: new AbortController().signal,
      runtime: env.QPLUG_RUNTIME_DIR,
      onFindings: (findings) => said.push(...findings.map(({ code }) => code)),
    });
  };
  const plug = (): void => {
    address = address >= 120 ? 3 : address + 1;
    host.plug({ ...MODEM, address });
    isPlugged = true;
  };
  const has = async (): Promise<boolean> => {
    const { topology } = JSON.parse((await must('status', 'guest', '--json')).out) as {
      topology: { controllers: { devices: { id: string; port: string; attached: boolean; host: object | null }[] }[] };
    };
    const devices = topology.controllers.flatMap((one) => one.devices);
    expect(devices.length).toBeLessThan(2);
    return devices.some(({ id, port, host: its }) => id === idOf(MODEM.product) && port === '2' && its !== null);
  };
  const possible = async (): Promise<Event[]> => {
    if (agent === undefined) return ['start', isPlugged ? 'pull' : 'plug'];
    const hasIt = await has();
    return [
      ...(isPlugged ? (['pull', 'replug'] as const) : (['plug'] as const)),
      ...(hasIt && !isHeld ? (['detach'] as const) : []),
      ...(isPlugged && isDismissed && !isHeld ? (['attach'] as const) : []),
      'end',
      isHeld ? 'resume' : 'hold',
    ];
  };
  const act: Readonly<Record<Event, () => Promise<void>>> = {
    pull: async () => {
      host.plug(undefined);
      isPlugged = false;
    },
    plug: async () => plug(),
    replug: async () => plug(),
    detach: async () => {
      await must('detach', 'guest', '1-2');
      isDismissed = true;
    },
    attach: async () => {
      await must('attach', 'guest', '1-2', '--port', '2');
      isDismissed = false;
    },
    end: async () => {
      await agent?.[Symbol.asyncDispose]();
      agent = undefined;
    },
    start,
    hold: async () => {
      isHeld = true;
      await agent?.hold(true, AbortSignal.timeout(PATIENCE));
    },
    resume: async () => {
      isHeld = false;
      await agent?.hold(false, AbortSignal.timeout(PATIENCE));
    },
  };

  const descriptors = (): number => readdirSync('/proc/self/fd').length;
  let before: number | undefined;
  const history: Event[] = [];
  const until = performance.now() + SECONDS * 1000;
  await start();
  while (performance.now() < until) {
    const all = await possible();
    const event = all[random(all.length)] ?? 'start';
    history.push(event);
    await act[event]();
    agent?.hint();
    if (agent !== undefined) {
      const wanted = isPlugged && !isDismissed && !isHeld;
      try {
        await poll(async () => (await has()) === wanted, { interval: 1000, signal: AbortSignal.timeout(PATIENCE) });
      } catch (cause) {
        const accounts = JSON.stringify(agent.accounts);
        const told = `seed ${seed}: ${history.join(' ')}: the device is ${wanted ? 'missing' : 'there'}; ${accounts}`;
        throw new Error(told, { cause });
      }
    }
    if (history.length === 20) before = descriptors();
    await delay(PAUSE);
  }
  if (agent === undefined) await start();
  await poll(() => agent?.accounts.every(({ condition }) => condition.is !== 'changing'), {
    interval: 50,
    signal: AbortSignal.timeout(PATIENCE),
  });
  if (before !== undefined) expect(descriptors(), `seed ${seed}`).toBeLessThan(before + SOME);
  expect(readdirSync(join(env.QPLUG_STATE_DIR, 'journal')), `seed ${seed}`).toEqual([]);
  expect(history.length).toBeGreaterThan(0);
  console.log(`agent: ${history.length} events in ${SECONDS} s, seed ${seed}, said ${[...new Set(said)].join(', ')}`);
  await agent?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});
