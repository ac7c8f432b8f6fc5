import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { root } from '../../scripts/folders.mjs';
import { ensureQemuRelease, qemuCommand } from '../../scripts/qemu-releases.mjs';
import { ensureStandIn } from '../../scripts/usb-stand-in.mjs';
import { writeEmptyImage } from '../qemu/empty-image.js';
import { type PlainQemu, startQemuOf } from '../qemu/plain-qemu.js';
import { type Ran, qplug as run } from '../unit/cli/fake-terminal.js';
import { bundledProgram } from './bundled-program.js';
import { recordedHost } from './recorded-host.js';
import { TABLET } from './recorded-tablet.js';
import { standInFile } from './stand-in-device.js';

/*
 * SIGKILL after each line of the journal of each transaction, for qplug and for its QEMU, which is real, and whose host is a stand-in. The
 * lab does the same with real devices and drivers (test/lab/suites/crash.ts), and takes hours for it.
 */
const RECORDING = join(root, 'test/fixtures/sysfs/six-devices.json');
const sysfs = recordedHost(RECORDING);

/** A device as `status --json` tells it. */
interface Device {
  readonly id: string;
  readonly driver: string;
  readonly port: string;
  readonly attached: boolean;
}

/** What a VM is after the next command. */
interface Seen {
  readonly state: string;
  readonly devices: readonly Device[];
  /** Tags of its snapshots. */
  readonly snapshots: readonly string[];
}

/** A transaction, what comes before it, and how it shows that it is done. */
interface Cut {
  readonly kind: string;
  readonly words: (vm: Vm) => readonly string[];
  readonly prepare: (vm: Vm) => Promise<void>;
  /** Whether what is seen then is the transaction done. */
  readonly isDone: (seen: Seen) => boolean;
  /** A mark from which on it has to be done; before, it may be done or not at all. */
  readonly point?: RegExp;
  /** The guest leaves: every time there is another QEMU. */
  readonly leaves?: boolean;
}

const hosts = ({ devices }: Seen): readonly Device[] => devices.filter(({ driver }) => driver === 'usb-host');
const KBD = 'qplug-usb-kbd';
const attached = async (vm: Vm): Promise<void> => void (await vm.must('attach', vm.socket, '1-2', '--port', '2'));

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
    words: ({ other }) => ['migrate', other.from, other.uri, '--with-detached'],
    prepare: async (vm) => {
      await vm.otherSide();
      await attached(vm);
    },
    isDone: ({ state, devices }) => state === 'postmigrate' && devices.length === 0,
    point: / migrate \d+ done$/,
    leaves: true,
  },
];

/** A VM and a host of its own. */
interface Vm {
  readonly socket: string;
  /** Where its guest is sent. */
  readonly other: { readonly from: string; readonly uri: string };
  /** Starts who waits for its guest. */
  otherSide(): Promise<void>;
  say(...words: readonly string[]): Promise<Ran>;
  must(...words: readonly string[]): Promise<Ran>;
  document(...words: readonly string[]): Promise<Record<string, unknown>>;
}

/**
 * A guest that halts at once. SeaBIOS would go on using a keyboard that it found though another one was plugged in for it since; saved
 * then and loaded, that ends QEMU (7.2, 11.1: the assertion in usb_handle_packet, hw/usb/core.c): a slot of the xHCI that the guest never
 * gave up is given the new device, which was never reset (hw/usb/hcd-xhci.c, usb_xhci_post_load).
 *
 * @returns 64 KiB, of which the processor begins with the last sixteen bytes: cli, hlt, jmp to hlt
 */
function haltingBios(): Uint8Array {
  const bios = new Uint8Array(65_536);
  bios.set([0xfa, 0xf4, 0xeb, 0xfd], bios.length - 16);
  return bios;
}

let folder: string;
let program: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'qplug-cut-off-'));
  program = await bundledProgram('killed-qplug', folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** One with jobs; the one with the human monitor alone only in `npm run soak`, as is QEMU killed in each transaction. */
const isSoak = process.env['QPLUG_SOAK'] !== undefined;
const TRIED = isSoak ? ['5.2', '7.2', '11.1'] : ['11.1'];
const WITH_QEMU_KILLED = isSoak ? CUTS : CUTS.filter(({ kind }) => ['attach', 'migrate'].includes(kind));

describe.each(TRIED)('cut off, with QEMU %s:', (release) => {
  let qemus: PlainQemu[] = [];
  let vm: Vm;
  let env: Readonly<Record<string, string>>;
  let own: string;
  beforeEach(() => {
    own = mkdtempSync(join(folder, 'vm-'));
    writeFileSync(join(own, 'devices'), standInFile([TABLET]));
    env = { PATH: process.env['PATH'] ?? '', QPLUG_RUNTIME_DIR: join(own, 'run'), QPLUG_STATE_DIR: join(own, 'state') };
  });
  afterEach(end);

  async function end(): Promise<void> {
    for (const qemu of qemus) await qemu[Symbol.asyncDispose]();
    qemus = [];
  }

  async function startQemu(...more: readonly string[]): Promise<string> {
    const found = await ensureQemuRelease(release);
    const standIn = ensureStandIn((line) => console.log(line));
    const [disk, bios] = [join(own, `disk-${qemus.length}.qcow2`), join(own, 'bios')];
    writeEmptyImage(disk, 'qcow2');
    writeFileSync(bios, haltingBios());
    const qemu = await startQemuOf(
      {
        command: qemuCommand(found, { librariesFirst: [standIn] }),
        env: { ...found.env, USB_STAND_IN_DEVICES: join(own, 'devices'), USB_STAND_IN_LOG: join(own, 'log') },
      },
      ...['-machine', 'pc', '-accel', 'tcg', '-m', '32', '-bios', bios, '-device', 'qemu-xhci,id=x'],
      ...['-drive', `file=${disk},format=qcow2,if=none,id=d`, '-device', 'virtio-blk-pci,drive=d'],
      ...more,
    );
    qemus.push(qemu);
    return qemu.socket;
  }

  /** A QEMU that has nothing, and whose guest runs. */
  async function startVm(): Promise<void> {
    await end();
    const socket = await startQemu();
    const say = (...words: readonly string[]): Promise<Ran> => run(words, { env, sysfs });
    const must = async (...words: readonly string[]): Promise<Ran> => {
      const ran = await say(...words);
      expect(ran.exit, `${words.join(' ')}: ${ran.err}\nQEMU: ${qemus[0]?.words()}`).toBe(0);
      return ran;
    };
    const uri = `unix:${join(own, 'in.sock')}`;
    vm = {
      socket,
      say,
      must,
      other: { from: socket, uri },
      otherSide: async () => void (await startQemu('-incoming', uri)),
      document: async (...words) => JSON.parse((await must(...words, '--json')).out),
    };
    await must('qmp', socket, 'cont');
  }

  /** @returns the marks that were written before it ended, or was killed */
  async function cutOff(at: number, victim: 'qplug' | 'qemu', words: readonly string[]) {
    const log = join(own, 'marks');
    rmSync(log, { force: true });
    const child = spawn(process.execPath, [program, RECORDING, log, String(at), victim, ...words], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env,
    });
    let err = '';
    child.stderr.on('data', (text) => {
      err += String(text);
    });
    const [code, signal] = await once(child, 'close');
    const marks = existsSync(log) ? readFileSync(log, 'utf8').split('\n').slice(0, -1) : [];
    return { marks, code, signal, err };
  }

  async function look(): Promise<Seen> {
    const { state, topology } = (await vm.document('status', vm.socket)) as {
      state: string;
      topology: { controllers: { devices: Device[] }[] };
    };
    const { snapshots } = (await vm.document('snapshot', 'list', vm.socket)) as {
      snapshots: { tag: string; known: boolean }[];
    };
    expect(snapshots.every(({ known }) => known)).toBe(true);
    const devices = topology.controllers.flatMap((controller) => controller.devices);
    return { state, devices, snapshots: snapshots.map(({ tag }) => tag) };
  }

  const claims = async (): Promise<string[]> =>
    ((await vm.document('claims')) as { claims: { device: { id: string }; state: string }[] }).claims.map(
      ({ device, state }) => `${device.id} ${state}`,
    );

  const journal = (): string[] => readdirSync(join(env['QPLUG_STATE_DIR'] ?? '', 'journal'));

  test.each(CUTS)(
    'qplug, at each line of $kind: the next command leaves all whole',
    async ({ kind, words, prepare, isDone, point, leaves }) => {
      let marks: readonly string[] = [];
      for (let at = 0; at <= marks.length; at++) {
        if (at === 0 || leaves === true) await startVm();
        else await clear();
        await prepare(vm);
        const cut = await cutOff(at, 'qplug', words(vm));
        const where = `${kind} killed at ${at}: ${cut.marks.at(-1)}: ${cut.err}`;
        if (at === 0) {
          expect([cut.code, cut.marks.at(-1)], where).toEqual([0, `${kind} ended`]);
          ({ marks } = cut);
        } else expect([cut.signal, cut.marks], where).toEqual(['SIGKILL', marks.slice(0, at)]);
        const mended = await vm.must('list');
        const seen = await look();
        const told = `${where}\n${mended.err}\n${JSON.stringify(seen)}`;
        // each device is the VM's, and claimed for it, or the host's
        expect(
          hosts(seen).every((device) => device.attached),
          told,
        ).toBe(true);
        expect(await claims(), told).toEqual(hosts(seen).map(({ id }) => `${id} attached`));
        expect(journal(), told).toEqual([]);
        // what was asked is done or not at all
        if (isDone(seen)) {
          expect(cut.marks.length > 1, told).toBe(true);
        } else {
          expect(seen, told).toMatchObject(await asBefore(kind));
          expect(cut.marks.some((mark) => point?.test(mark) === true) || cut.code === 0, told).toBe(false);
        }
      }
    },
    180_000,
  );

  test.each(WITH_QEMU_KILLED)(
    'QEMU, at each line of $kind: the next command gives its devices back',
    async ({ kind, words, prepare }) => {
      let marks = 1;
      for (let at = 1; at <= marks; at++) {
        await startVm();
        await prepare(vm);
        const cut = await cutOff(at, 'qemu', words(vm));
        const where = `${kind}, QEMU killed at ${at}: ${cut.marks[at - 1]}: ${cut.err}`;
        expect(cut.signal, where).toBeNull();
        if (cut.marks.length >= at) marks = Math.max(marks, at + 1);
        const mended = await vm.must('list');
        const told = `${where}\n${mended.err}`;
        if (cut.marks.length >= at) expect(await claims(), told).toEqual([]);
        expect(journal(), told).toEqual([]);
      }
    },
    180_000,
  );

  /** What a VM is where nothing was done, or all was undone. */
  async function asBefore(kind: string): Promise<object> {
    const given = { driver: 'usb-host', port: '2', attached: true };
    if (kind === 'attach') return { state: 'running', devices: [] };
    if (kind === 'detach')
      return { state: 'running', devices: [{ driver: 'usb-host', attached: true }, { driver: 'usb-kbd' }] };
    if (kind !== 'resume') return { state: 'running', devices: [given] };
    // each device by itself, then the guest: the next resume goes on from there
    await vm.must('resume', vm.socket);
    expect(await look()).toMatchObject({ state: 'running', devices: [given] });
    return { state: 'paused' };
  }

  /** As at first: nothing in the VM, no snapshot, a guest that runs. */
  async function clear(): Promise<void> {
    const { devices, snapshots, state } = await look();
    for (const { id } of devices) await vm.must('detach', vm.socket, id);
    for (const tag of snapshots) await vm.must('snapshot', 'delete', vm.socket, tag);
    if (state === 'paused') await vm.must('resume', vm.socket);
    const [left] = hosts(await look());
    if (left !== undefined) await vm.must('detach', vm.socket, left.id);
  }
});
