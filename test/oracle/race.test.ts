import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { root } from '../../scripts/folders.mjs';
import { ensureQemuRelease, qemuCommand } from '../../scripts/qemu-releases.mjs';
import { ensureStandIn } from '../../scripts/usb-stand-in.mjs';
import { inRounds } from '../in-rounds.js';
import { type PlainQemu, startQemuOf } from '../qemu/harness/plain-qemu.js';
import { type Ran, qplug as run } from '../unit/cli/fake-terminal.js';
import { bundledProgram } from './harness/bundled-program.js';
import { recordedHost } from './harness/recorded-host.js';
import { TABLET } from './harness/recorded-tablet.js';
import { standInFile } from './harness/stand-in-device.js';

/*
 * Many processes attach one device at the same moment, for several VMs. The QEMUs are real, and their host a stand-in. The lab does the
 * same with a real device and fewer processes (test/lab/suites/races.ts).
 */
const RECORDING = join(root, 'test/fixtures/sysfs/six-devices.json');
const { vms, processes, rounds } =
  process.env['QPLUG_SOAK'] === undefined
    ? { vms: 3, processes: 9, rounds: 2 }
    : { vms: 10, processes: 50, rounds: 100 };

let folder: string;
const qemus: PlainQemu[] = [];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'qplug-race-'));
  writeFileSync(join(folder, 'devices'), standInFile([TABLET]));
  const found = await ensureQemuRelease('7.2');
  const standIn = ensureStandIn((line) => console.log(line));
  for (let i = 0; i < vms; i++) {
    const program = {
      command: qemuCommand(found, { librariesFirst: [standIn] }),
      env: { ...found.env, USB_STAND_IN_DEVICES: join(folder, 'devices'), USB_STAND_IN_LOG: join(folder, `log-${i}`) },
    };
    qemus.push(await startQemuOf(program, '-machine', 'pc', '-accel', 'tcg', '-m', '32', '-device', 'qemu-xhci,id=x'));
  }
});
afterAll(async () => {
  for (const qemu of qemus) await qemu[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

test(`${processes} processes attach one device to ${vms} VMs at the same moment, ${rounds} times: one VM has it, who wants it for another is told its name`, async () => {
  const env = {
    PATH: process.env['PATH'] ?? '',
    QPLUG_RUNTIME_DIR: join(folder, 'run'),
    QPLUG_STATE_DIR: join(folder, 'state'),
  };
  const say = (...words: string[]): Promise<Ran> => run(words, { env, sysfs: recordedHost(RECORDING) });
  const owners = async (): Promise<string[]> => {
    const { claims } = JSON.parse((await say('claims', '--json')).out);
    return (claims as { vm: string; state: string }[]).map(({ vm, state }) => `${state} ${vm}`);
  };
  const socketOf = (index: number): string => qemus[index % vms]?.socket ?? '';
  const won: string[] = [];
  mkdirSync(join(folder, 'rounds'));
  const outcomes = await inRounds(await bundledProgram('racing-qplug', folder), join(folder, 'rounds'), {
    processes,
    rounds,
    env,
    words: (index) => [RECORDING, 'attach', socketOf(index), '1-2', '--timeout', '120'],
    after: async () => {
      const [owner = '', ...others] = await owners();
      expect([owner.startsWith('attached '), others]).toEqual([true, []]);
      won.push(owner.replace('attached ', ''));
      const released = await say('release', '1-2', '--yes');
      expect(released.exit, released.err).toBe(0);
      expect(await owners()).toEqual([]);
    },
  });
  for (const [index, told] of outcomes.entries()) {
    // the processes for the same VM report that it is there already
    expect(told.filter((one) => one === '0 ')).toHaveLength(processes / vms);
    const others = told.filter((one) => one !== '0 ');
    for (const other of others) expect(other).toMatch(/^5 error: 0627:0001 .* belongs to another VM: /);
    expect(others.filter((one) => !one.includes(won[index] ?? 'nobody'))).toEqual([]);
  }
  expect(readdirSync(join(folder, 'state', 'journal'))).toEqual([]);
}, 1_200_000);
