import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ensureQemuRelease, qemuCommand } from '../../scripts/qemu-releases.mjs';
import { ensureStandIn } from '../../scripts/usb-stand-in.mjs';
import { askAgent } from '../../src/agent/index.js';
import { poll } from '../../src/base/index.js';
import { patience } from '../patience.js';
import { startQemuOf } from '../qemu/harness/plain-qemu.js';
import { type Ran, qplug as run } from '../unit/cli/fake-terminal.js';
import { bundledProgram } from './harness/bundled-program.js';
import { ChangingHost, idOf, MODEM } from './harness/changing-host.js';

/*
 * Kills the agent by SIGKILL after each line of its journal: while it takes the object of a pulled device from its VM, and while it attaches
 * the device again. The QEMU is real, its host a stand-in.
 */
let folder: string;
let program: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'qplug-agent-killed-'));
  program = await bundledProgram('killed-qplug', folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A VM, its host, and the agents that come one after the other. */
class Stage {
  readonly own: string = mkdtempSync(join(folder, 'stage-'));
  readonly host: ChangingHost = new ChangingHost(join(this.own, 'devices'), join(this.own, 'recording'));
  readonly env: Record<string, string> = {
    PATH: process.env['PATH'] ?? '',
    QPLUG_RUNTIME_DIR: join(this.own, 'run'),
    QPLUG_STATE_DIR: join(this.own, 'state'),
  };
  readonly #log: string = join(this.own, 'marks');

  async startQemu(): ReturnType<typeof startQemuOf> {
    const found = await ensureQemuRelease('7.2');
    const standIn = ensureStandIn((line) => console.log(line));
    const stand = { USB_STAND_IN_DEVICES: join(this.own, 'devices'), USB_STAND_IN_LOG: join(this.own, 'log') };
    const program = { command: qemuCommand(found, { librariesFirst: [standIn] }), env: { ...found.env, ...stand } };
    return await startQemuOf(program, '-machine', 'pc', '-accel', 'tcg', '-m', '32', '-device', 'qemu-xhci,id=x');
  }

  /** Starts an agent that is killed as soon as it has written that many marks; 0: never. */
  agent(at: number): ChildProcess {
    const words = [program, join(this.own, 'recording'), this.#log, String(at), 'qplug', 'agent'];
    return spawn(process.execPath, words, { stdio: 'ignore', env: this.env });
  }

  marks(): string[] {
    return existsSync(this.#log) ? readFileSync(this.#log, 'utf8').split('\n').slice(0, -1) : [];
  }

  /** Changes the host, and asks the agent to look, as inotify does. */
  async plug(...[mode]: Parameters<ChangingHost['plug']>): Promise<void> {
    this.host.plug(mode);
    await this.look();
  }

  /** @returns false if no agent is there */
  async look(): Promise<boolean> {
    try {
      for await (const _ of askAgent(this.env['QPLUG_RUNTIME_DIR'] ?? '', { do: 'look' }, patience())) return true;
    } catch {
      // it was killed, or has not begun to listen
    }
    return false;
  }

  async must(...words: string[]): Promise<Ran> {
    const ran = await run(words, { env: this.env, sysfs: this.host.sysfs });
    expect(ran.exit, ran.err).toBe(0);
    return ran;
  }

  async document(...words: string[]): Promise<Record<string, unknown>> {
    return JSON.parse((await this.must(...words, '--json')).out);
  }

  /** @returns id and port of each device that QEMU has */
  async inVm(socket: string): Promise<string[]> {
    const { topology } = (await this.document('status', socket, '--timeout', '60')) as {
      topology: { controllers: { devices: { id: string; port: string; host: object | null }[] }[] };
    };
    return topology.controllers.flatMap(({ devices }) =>
      devices.map(({ id, port, host }) => `${id} on ${port}${host === null ? ', dead' : ''}`),
    );
  }

  async becomes(socket: string, ...devices: readonly string[]): Promise<void> {
    const has = async (): Promise<boolean> => (await this.inVm(socket)).join() === devices.join();
    await poll(has, { interval: 20, signal: patience() });
  }
}

const HAS = `${idOf(MODEM.product)} on 2`;

test('killed at any line, the next agent brings the device back to its port', { timeout: 600_000 }, async () => {
  let marks: readonly string[] = [];
  for (let at = 0; at <= marks.length; at++) {
    const stage = new Stage();
    stage.host.plug(MODEM);
    await using qemu = await stage.startQemu();
    await stage.must('attach', qemu.socket, '1-2', '--port', '2');
    const first = stage.agent(at);
    const ended = once(first, 'close');
    const isOver = (): boolean => first.exitCode !== null || first.signalCode !== null;
    await poll(() => stage.look(), { interval: 20, signal: patience() });
    await stage.plug(undefined);
    // the agent frees the port, or is killed while it does
    await poll(async () => isOver() || (await stage.inVm(qemu.socket)).length === 0, {
      interval: 20,
      signal: patience(),
    });
    await stage.plug({ ...MODEM, address: 5 });
    await poll(async () => isOver() || (await stage.inVm(qemu.socket)).join() === HAS, {
      interval: 20,
      signal: patience(),
    });
    if (at === 0) {
      const all = (): boolean => stage.marks().at(-1) === 'agent ended' && stage.marks().length > 8;
      await poll(all, { interval: 20, signal: patience() });
      marks = stage.marks();
      first.kill('SIGTERM');
    }
    const [, signal] = await ended;
    const where = `killed at ${at}: ${stage.marks().at(-1)}`;
    expect(signal, where).toBe(at === 0 ? 'SIGTERM' : 'SIGKILL');
    expect(stage.marks(), where).toEqual(at === 0 ? marks : marks.slice(0, at));
    const next = stage.agent(0);
    const gone = once(next, 'close');
    await stage.becomes(qemu.socket, HAS);
    const { claims } = (await stage.document('claims')) as { claims: { state: string }[] };
    expect(
      claims.map(({ state }) => state),
      where,
    ).toEqual(['attached']);
    const isWhole = (): boolean => readdirSync(join(stage.env['QPLUG_STATE_DIR'] ?? '', 'journal')).length === 0;
    await poll(isWhole, { interval: 20, signal: patience() });
    next.kill('SIGTERM');
    await gone;
  }
  expect(marks.length).toBeGreaterThan(8);
});
