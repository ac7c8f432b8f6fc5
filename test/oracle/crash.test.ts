import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundledProgram } from './harness/bundled-program.js';
import { CutVm, hosts, type Seen } from './harness/cut-vm.js';

/*
 * Kills qplug, or its QEMU, by SIGKILL after each line of the journal of each transaction. The QEMU is real, its host a stand-in. The lab
 * does the same with real devices and drivers (test/lab/suites/crash.ts), which takes hours.
 */

/** A transaction, what comes before it, and how to see that it is done. */
interface Cut {
  readonly kind: string;
  readonly words: (vm: CutVm) => readonly string[];
  readonly prepare: (vm: CutVm) => Promise<void>;
  /** Whether the VM shows that the transaction is done. */
  readonly isDone: (seen: Seen) => boolean;
  /** The mark from which on it must be done; before, it may be done, or not at all. */
  readonly point?: RegExp;
  /** Whether the guest leaves, so that each try needs a new QEMU. */
  readonly leaves?: boolean;
}

const KBD = 'qplug-usb-kbd';
const attached = async (vm: CutVm): Promise<void> => void (await vm.must('attach', vm.socket, '1-2', '--port', '2'));

const CUTS: readonly Cut[] = [
  {
    kind: 'attach',
    words: ({ socket }) => ['attach', socket, '1-2', '--emulated', 'usb-kbd'],
    prepare: async () => undefined,
    isDone: ({ devices }) => devices.length === 2,
  },
  {
    kind: 'detach',
    words: ({ socket }) => ['detach', socket, '1-2', KBD],
    prepare: async (vm) => void (await vm.must('attach', vm.socket, '1-2', '--emulated', 'usb-kbd')),
    isDone: ({ devices }) => devices.length === 0,
    point: / doing$/,
  },
  {
    kind: 'release',
    words: () => ['release', '1-2', '--yes'],
    prepare: attached,
    isDone: ({ devices }) => devices.length === 0,
    point: / doing$/,
  },
  {
    kind: 'suspend',
    words: ({ socket }) => ['suspend', socket],
    prepare: attached,
    isDone: ({ state, devices }) => state === 'paused' && devices.length === 0,
  },
  {
    kind: 'resume',
    words: ({ socket }) => ['resume', socket],
    prepare: async (vm) => {
      await attached(vm);
      await vm.must('suspend', vm.socket);
    },
    isDone: ({ state }) => state === 'running',
  },
  {
    kind: 'snapshot',
    words: ({ socket }) => ['snapshot', 'save', socket, 'clean'],
    prepare: attached,
    isDone: ({ snapshots }) => snapshots.length === 1,
    point: / save-state \d+ done$/,
  },
  {
    kind: 'restore',
    words: ({ socket }) => ['snapshot', 'restore', socket, 'clean'],
    prepare: async (vm) => {
      await attached(vm);
      await vm.must('attach', vm.socket, '--emulated', 'usb-kbd', '--port', '3');
      await vm.must('snapshot', 'save', vm.socket, 'clean', '--keep');
      await vm.must('detach', vm.socket, KBD);
    },
    isDone: ({ devices }) => devices.some(({ driver, port }) => driver === 'usb-kbd' && port === '3'),
    point: / load-state \d+ done$/,
  },
  {
    kind: 'snapshot-delete',
    words: ({ socket }) => ['snapshot', 'delete', socket, 'clean'],
    prepare: async (vm) => {
      await attached(vm);
      await vm.must('snapshot', 'save', vm.socket, 'clean');
    },
    isDone: ({ snapshots }) => snapshots.length === 0,
    point: / delete-state \d+ done$/,
  },
  {
    kind: 'migrate',
    words: ({ socket, uri }) => ['migrate', socket, uri, '--with-detached'],
    prepare: async (vm) => {
      await vm.otherSide();
      await attached(vm);
    },
    isDone: ({ state, devices }) => state === 'postmigrate' && devices.length === 0,
    point: / migrate \d+ done$/,
    leaves: true,
  },
];

let folder: string;
let program: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'qplug-cut-off-'));
  program = await bundledProgram('killed-qplug', folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The state of a VM in which nothing was done, or everything was undone. */
async function asBefore(kind: string, vm: CutVm): Promise<object> {
  const given = { driver: 'usb-host', port: '2', attached: true };
  if (kind === 'attach') return { state: 'running', devices: [] };
  if (kind === 'detach')
    return { state: 'running', devices: [{ driver: 'usb-host', attached: true }, { driver: 'usb-kbd' }] };
  if (kind !== 'resume') return { state: 'running', devices: [given] };
  // each device by itself, then the guest: the next resume goes on from there
  await vm.must('resume', vm.socket);
  expect(await vm.look()).toMatchObject({ state: 'running', devices: [given] });
  return { state: 'paused' };
}

/** A release with jobs. The one with only the human monitor, and QEMU killed in each transaction, run only in `npm run soak`. */
const isSoak = process.env['QPLUG_SOAK'] !== undefined;
/** All others, which the same engine carries out, run only in `npm run soak`. */
const EVERY_RUN = ['attach', 'detach', 'restore', 'migrate'];
const CUT = isSoak ? CUTS : CUTS.filter(({ kind }) => EVERY_RUN.includes(kind));
const TRIED = isSoak ? ['5.2', '7.2', '11.1'] : ['11.1'];
const WITH_QEMU_KILLED = isSoak ? CUTS : CUTS.filter(({ kind }) => ['attach', 'migrate'].includes(kind));

/** ms: each starts dozens of programs. */
const CUT_OFF = 1_800_000;

// each waits most of the time, for programs to start
describe.concurrent.each(TRIED)('cut off, with QEMU %s:', (release) => {
  test.each(CUT)(
    'qplug, at each line of $kind: the next command leaves all whole',
    async ({ kind, words, prepare, isDone, point, leaves }) => {
      await using vm = new CutVm(release, folder, program);
      let marks: readonly string[] = [];
      for (let at = 0; at <= marks.length; at++) {
        if (at === 0 || leaves === true) await vm.start();
        else await vm.clear();
        await prepare(vm);
        const cut = await vm.cutOff(at, 'qplug', words(vm));
        const where = `${kind} killed at ${at}: ${cut.marks.at(-1)}: ${cut.err}`;
        if (at === 0) {
          expect([cut.code, cut.marks.at(-1)], where).toEqual([0, `${kind} ended`]);
          ({ marks } = cut);
        } else expect([cut.signal, cut.marks], where).toEqual(['SIGKILL', marks.slice(0, at)]);
        const mended = await vm.nextCommands();
        const seen = await vm.look();
        const told = `${where}\n${mended}\n${JSON.stringify(seen)}`;
        // each device belongs to the VM, and is claimed for it, or to the host
        expect(
          hosts(seen).every((device) => device.attached),
          told,
        ).toBe(true);
        expect(await vm.claims(), told).toEqual(hosts(seen).map(({ id }) => `${id} attached`));
        expect(vm.journal(), told).toEqual([]);
        // the command is done, or not at all
        if (isDone(seen)) {
          expect(cut.marks.length > 1, told).toBe(true);
        } else {
          expect(seen, told).toMatchObject(await asBefore(kind, vm));
          expect(cut.marks.some((mark) => point?.test(mark) === true) || cut.code === 0, told).toBe(false);
        }
      }
    },
    CUT_OFF,
  );

  test.each(WITH_QEMU_KILLED)(
    'QEMU, at each line of $kind: the next command gives its devices back',
    async ({ kind, words, prepare }) => {
      await using vm = new CutVm(release, folder, program);
      let marks = 1;
      for (let at = 1; at <= marks; at++) {
        await vm.start();
        await prepare(vm);
        const cut = await vm.cutOff(at, 'qemu', words(vm));
        const where = `${kind}, QEMU killed at ${at}: ${cut.marks[at - 1]}: ${cut.err}`;
        expect(cut.signal, where).toBeNull();
        if (cut.marks.length >= at) marks = Math.max(marks, at + 1);
        const mended = await vm.nextCommands();
        const told = `${where}\n${mended}`;
        if (cut.marks.length >= at) expect(await vm.claims(), told).toEqual([]);
        expect(vm.journal(), told).toEqual([]);
      }
    },
    CUT_OFF,
  );
});
