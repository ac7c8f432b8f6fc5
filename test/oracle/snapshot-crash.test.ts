import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { root } from '../../scripts/folders.mjs';
import { ensureQemuRelease, qemuCommand } from '../../scripts/qemu-releases.mjs';
import { ensureStandIn } from '../../scripts/usb-stand-in.mjs';
import { recordedSysfs } from '../../src/host/index.js';
import { writeEmptyImage } from '../qemu/empty-image.js';
import { type PlainQemu, startQemuOf } from '../qemu/plain-qemu.js';
import { type Ran, qplug as run } from '../unit/cli/fake-terminal.js';
import { recording } from '../unit/host/recordings.js';
import { bundledProgram } from './bundled-program.js';
import { TABLET } from './recorded-tablet.js';
import { standInFile } from './stand-in-device.js';

/*
 * qplug killed by SIGKILL after each line of the journal, with a real QEMU whose host is a stand-in. The lab does the same with real
 * devices (test/lab/suites/crash.ts), and takes minutes for it.
 */
const RECORDING = join(root, 'test/fixtures/sysfs/six-devices.json');
const sysfs = recordedSysfs(recording('six-devices'));

let folder: string;
let program: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'qplug-cut-off-'));
  program = await bundledProgram('killed-qplug', folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What is cut off, what comes before it each time, and how often it may be cut off in all. */
const CUTS = [
  { kind: 'snapshot', words: ['save'], before: async () => undefined },
  {
    kind: 'restore',
    words: ['restore'],
    before: async (vm: Vm) => {
      await vm.must('attach', vm.socket, '--emulated', 'usb-tablet', '--controller', 'x', '--port', '3');
      await vm.must('snapshot', 'save', vm.socket, 'clean', '--keep');
      await vm.must('detach', vm.socket, 'qplug-usb-tablet');
    },
  },
  {
    kind: 'snapshot-delete',
    words: ['delete'],
    before: async (vm: Vm) => void (await vm.must('snapshot', 'save', vm.socket, 'clean')),
  },
];

interface Vm {
  readonly socket: string;
  say(...words: string[]): Promise<Ran>;
  must(...words: string[]): Promise<Ran>;
}

/** One with the human monitor and one with jobs; the first only in `npm run soak`. */
const TRIED = process.env['QPLUG_SOAK'] === undefined ? ['11.1'] : ['5.2', '11.1'];

describe.each(TRIED)('qplug that snapshots QEMU %s', (release) => {
  let qemu: PlainQemu;
  let vm: Vm;
  let env: Readonly<Record<string, string>>;
  beforeAll(async () => {
    const own = mkdtempSync(join(folder, 'vm-'));
    writeEmptyImage(join(own, 'disk.qcow2'), 'qcow2');
    writeFileSync(join(own, 'devices'), standInFile([TABLET]));
    const found = await ensureQemuRelease(release);
    const standIn = ensureStandIn((line) => console.log(line));
    qemu = await startQemuOf(
      {
        command: qemuCommand(found, { librariesFirst: [standIn] }),
        env: { ...found.env, USB_STAND_IN_DEVICES: join(own, 'devices'), USB_STAND_IN_LOG: join(own, 'log') },
      },
      ...['-machine', 'pc', '-accel', 'tcg', '-m', '32', '-device', 'qemu-xhci,id=x'],
      ...['-drive', `file=${join(own, 'disk.qcow2')},format=qcow2,if=none,id=d`, '-device', 'virtio-blk-pci,drive=d'],
    );
    const { socket } = qemu;
    env = { PATH: process.env['PATH'] ?? '', QPLUG_RUNTIME_DIR: join(own, 'run'), QPLUG_STATE_DIR: join(own, 'state') };
    const say = (...words: string[]): Promise<Ran> => run(words, { env, sysfs });
    const must = async (...words: string[]): Promise<Ran> => {
      const ran = await say(...words);
      expect(ran.exit, ran.err).toBe(0);
      return ran;
    };
    vm = { socket, say, must };
    await must('attach', socket, '1-2', '--controller', 'x', '--port', '2');
    await must('qmp', socket, 'cont');
  });
  afterAll(() => qemu[Symbol.asyncDispose]());

  /** @returns the marks that were written before it ended, or was killed */
  async function cutOff(
    at: number,
    ...words: string[]
  ): Promise<{ marks: string[]; signal: string | null; err: string }> {
    const log = join(folder, 'marks');
    rmSync(log, { force: true });
    const child = spawn(process.execPath, [program, RECORDING, log, String(at), ...words], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env,
    });
    let err = '';
    child.stderr.on('data', (text) => {
      err += String(text);
    });
    const [, signal] = await once(child, 'close');
    return { marks: existsSync(log) ? readFileSync(log, 'utf8').split('\n').slice(0, -1) : [], signal, err };
  }

  test.each(CUTS)(
    'killed at each line of $kind: the next command leaves all whole',
    async ({ kind, words, before }) => {
      const prepare = async (): Promise<void> => {
        await vm.say('detach', vm.socket, 'qplug-usb-tablet');
        await vm.say('snapshot', 'delete', vm.socket, 'clean');
        await before(vm);
      };
      await prepare();
      const whole = await cutOff(0, 'snapshot', ...words, vm.socket, 'clean');
      expect(whole.marks.at(-1), whole.err).toBe(`${kind} ended`);
      for (const [index, mark] of whole.marks.entries()) {
        await prepare();
        const cut = await cutOff(index + 1, 'snapshot', ...words, vm.socket, 'clean');
        expect([cut.signal, cut.marks], cut.err).toEqual(['SIGKILL', whole.marks.slice(0, index + 1)]);
        const mended = await vm.must('list');
        const document = async (...more: string[]) => JSON.parse((await vm.must(...more, '--json')).out);
        const { state, topology } = await document('status', vm.socket);
        expect([mark, state], mended.err).toEqual([mark, 'running']);
        const devices = topology.controllers[0].devices as { driver: string; port: string; attached: boolean }[];
        expect(devices.filter(({ driver }) => driver === 'usb-host')).toMatchObject([{ port: '2', attached: true }]);
        const { claims } = await document('claims');
        expect(claims).toMatchObject([{ state: 'attached' }]);
        const { snapshots } = (await document('snapshot', 'list', vm.socket)) as { snapshots: { known: boolean }[] };
        expect(snapshots.every(({ known }) => known)).toBe(true);
        // what was asked is done or not at all: from the point of no return on it is done
        const isPast = cut.marks.some((one) => / (save|load|delete)-state \d+ done$/.test(one));
        const isDone = {
          snapshot: snapshots.length === 1,
          restore: devices.some(({ driver, port }) => driver === 'usb-tablet' && port === '3'),
          'snapshot-delete': snapshots.length === 0,
        }[kind];
        if (isPast) expect([mark, isDone]).toEqual([mark, true]);
        if (!cut.marks.some((one) => one.includes('-state'))) expect([mark, isDone]).toEqual([mark, false]);
        expect(readdirSync(join(env['QPLUG_STATE_DIR'] ?? '', 'journal'))).toEqual([]);
      }
    },
    120_000,
  );
});
