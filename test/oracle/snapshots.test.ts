import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ensureQemuRelease, qemuCommand, RELEASES } from '../../scripts/qemu-releases.mjs';
import { ensureStandIn } from '../../scripts/usb-stand-in.mjs';
import type { HostAccess } from '../../src/access/index.js';
import { type Code, QplugError } from '../../src/diag/index.js';
import { recordedSysfs } from '../../src/host/index.js';
import {
  attach,
  deleteSnapshot,
  listSnapshots,
  type OpenVm,
  openVm,
  restoreSnapshot,
  resume,
  saveSnapshot,
  statusOf,
} from '../../src/vm/index.js';
import { patience } from '../patience.js';
import { writeEmptyImage } from '../qemu/harness/empty-image.js';
import { type PlainQemu, startQemuOf } from '../qemu/harness/plain-qemu.js';
import { makeWorld, treeOf, type World } from '../qemu/harness/vm-world.js';
import { recording } from '../unit/host/recordings.js';
import { TABLET } from './harness/recorded-tablet.js';
import { type StandInDevice, standInFile } from './harness/stand-in-device.js';

const ID = 'qplug-0627-0001-1-2';
const HOST_LINE = `x.0 2 usb-host ${ID} 480`;

let world: World;
let host: HostAccess;
let qemu: PlainQemu | undefined;

beforeEach(() => {
  world = makeWorld();
  host = { ...world.host, sysfs: recordedSysfs(recording('six-devices')) };
});
afterEach(async () => {
  await qemu?.[Symbol.asyncDispose]();
  qemu = undefined;
  world[Symbol.dispose]();
});

const image = (name: string): string => join(world.folder, name);
const disk = (name: string, format = 'qcow2'): string[] => [
  ...['-blockdev', `driver=${format},node-name=${name},file.driver=file,file.filename=${image(name)}`],
  ...['-device', `virtio-blk-pci,drive=${name},id=${name}-disk,addr=${name === 'd' ? 8 : 9}`],
];
const XHCI = ['-device', 'qemu-xhci,id=x,p2=6,p3=2,addr=4'];

/** Starts a QEMU of a release, whose host has the tablet, or nothing. */
async function start(release: string, args: readonly string[], plugged: readonly StandInDevice[] = [TABLET]) {
  await qemu?.[Symbol.asyncDispose]();
  const devices = join(world.folder, 'devices');
  writeFileSync(devices, standInFile(plugged));
  const found = await ensureQemuRelease(release);
  const standIn = ensureStandIn((line) => console.log(line));
  qemu = await startQemuOf(
    {
      command: qemuCommand(found, { librariesFirst: [standIn] }),
      env: { ...found.env, USB_STAND_IN_DEVICES: devices, USB_STAND_IN_LOG: join(world.folder, 'log') },
    },
    ...['-machine', 'pc', '-accel', 'tcg', '-m', '32', ...args],
  );
  return qemu.socket;
}

async function within<T>(work: (vm: OpenVm) => Promise<T>): Promise<T> {
  await using vm = await openVm(qemu?.socket ?? '', host, world.operation());
  return await work(vm);
}

const save = (tag: string, keep = false) => within((vm) => saveSnapshot(vm, { tag, keep }, host, world.operation()));
const restore = (tag: string, asItIs = false) =>
  within((vm) => restoreSnapshot(vm, { tag, asItIs }, host, world.operation()));
const list = () => within((vm) => listSnapshots(vm, host, world.operation()));
const remove = (tag: string) => within((vm) => deleteSnapshot(vm, tag, host, world.operation()));
const letGo = () => within((vm) => resume(vm, { wait: 0, waitForAll: false }, host, world.operation()));
const warnings = () =>
  within(async (vm) => (await statusOf(vm, host, world.operation())).findings.map(({ code }) => code));
const tree = () => treeOf(world, qemu?.socket ?? '');
const send = (command: string, args?: object) =>
  within((vm) => vm.qmp.executeAny(command, args, { signal: patience() }));
const state = async (): Promise<string> => ((await send('query-status')) as { status: string }).status;
const plug = (port = '2') =>
  within((vm) => attach(vm, { selectors: ['1-2'], controller: 'x', port }, host, world.operation()));
const emulated = (driver: string, port: string, id: string) => send('device_add', { driver, id, bus: 'x.0', port });

async function refused(
  work: Promise<unknown>,
): Promise<{ readonly codes: readonly Code[]; readonly error: QplugError }> {
  const error = await work.then(
    () => expect.fail('it went through'),
    (thrown) => thrown,
  );
  if (!(error instanceof QplugError)) throw error;
  return { codes: error.findings.map(({ code }) => code), error };
}

const claims = (): string[] => host.claims.list().map(({ device, state: is }) => `${device} ${is}`);
const records = (): string[] => {
  try {
    return readdirSync(join(world.folder, 'state', 'snapshots'));
  } catch {
    return [];
  }
};

describe.each(RELEASES)('snapshots with QEMU $name', ({ name: release }) => {
  beforeEach(() => {
    writeEmptyImage(image('d'), 'qcow2');
  });

  test('save: the device of the host is out meanwhile and back on its port; list, delete', async () => {
    await start(release, [...disk('d'), ...XHCI]);
    await plug();
    await send('cont');
    const began = Date.now();
    const saved = await save('clean');
    expect(saved).toMatchObject({
      tag: 'clean',
      disks: ['d'],
      devices: [{ id: ID, bus: 'x.0', port: '2' }],
      findings: [],
    });
    expect(saved.stateBytes).toBeGreaterThan(10_000);
    expect(await tree()).toEqual([HOST_LINE]);
    expect(await state()).toBe('running');
    expect(claims()).toEqual([`${ID} attached`]);
    const [one, ...others] = await list();
    expect(others).toEqual([]);
    expect(one).toMatchObject({ tag: 'clean', disks: ['d'], missingOn: [], known: true, stateBytes: saved.stateBytes });
    const made = Date.parse(one?.made ?? '');
    expect([made >= began - 1000, made <= Date.now()]).toEqual([true, true]);
    const [file = ''] = records();
    expect(file).toMatch(/^\d+-\d{9}-clean\.json$/);
    expect(statSync(join(world.folder, 'state/snapshots', file)).mode & 0o777).toBe(0o600);
    const record = JSON.parse(readFileSync(join(world.folder, 'state/snapshots', file), 'utf8'));
    expect(record.tree.controllers).toMatchObject([{ bus: 'x.0', address: 'pci.0/4.0', devices: [] }]);
    expect(record.hosts).toMatchObject([{ vendorId: 0x0627, bus: 'x.0', port: '2' }]);
    expect((await refused(save('clean'))).codes).toEqual(['snapshot-exists']);
    expect((await refused(restore('clea'))).error.message).toMatch(/has no snapshot clea.*it has clean/);
    expect(await remove('clean')).toMatchObject({ tag: 'clean', disks: ['d'] });
    expect([await list(), records()]).toEqual([[], []]);
    expect((await refused(remove('clean'))).codes).toEqual(['snapshot-unknown']);
  });

  test('restore: hubs and emulated devices are put where they were, the device of the host comes back', async () => {
    await start(release, [...disk('d'), ...XHCI, '-device', 'usb-hub,bus=x.0,port=1,id=hub']);
    await emulated('usb-kbd', '1.3', 'qplug-usb-kbd');
    await emulated('usb-tablet', '3', 'qplug-usb-tablet');
    await plug();
    await save('clean');
    const was = await tree();
    for (const id of ['qplug-usb-kbd', 'hub', 'qplug-usb-tablet']) {
      await send('device_del', { id });
      await expect.poll(async () => (await tree()).join()).not.toContain(` ${id} `);
    }
    await emulated('usb-mouse', '3', 'qplug-usb-mouse');
    await emulated('usb-mouse', '5', 'extra');
    await send('cont');
    const restored = await restore('clean');
    expect(restored).toMatchObject({
      runs: true,
      devices: [{ id: ID, bus: 'x.0', port: '2' }],
      added: ['hub', 'qplug-usb-kbd', 'qplug-usb-tablet'],
      removed: ['qplug-usb-mouse'],
    });
    expect(restored.findings.map(({ code }) => code)).toEqual(['snapshot-device-extra']);
    expect((await tree()).toSorted()).toEqual([...was, 'x.0 5 usb-mouse extra 480'].toSorted());
    expect([await state(), claims()]).toEqual(['running', [`${ID} attached`]]);
  });

  test('saved with --keep: it is loaded into a stand-in, and the device comes back where the guest knows it', async () => {
    await start(release, [...disk('d'), ...XHCI]);
    await plug('2');
    expect((await save('kept', true)).devices).toEqual([]);
    await send('device_del', { id: ID });
    await expect.poll(tree).toEqual([]);
    await plug('5');
    expect(await restore('kept')).toMatchObject({
      runs: false,
      devices: [{ id: ID, bus: 'x.0', port: '2' }],
      findings: [],
    });
    expect(await tree()).toEqual([HOST_LINE]);
    // and in a VM without it, and on a host without it
    await start(release, [...disk('d'), ...XHCI], []);
    const restored = await restore('kept');
    expect(restored.devices).toEqual([]);
    expect(restored.findings.map(({ code }) => code)).toEqual(['snapshot-device-away']);
    expect(await tree()).toEqual([]);
  });

  test('a snapshot of somebody else: refused with a way out; QEMU that refuses it leaves the guest standing still', async () => {
    await start(release, [...disk('d'), ...XHCI]);
    await emulated('usb-tablet', '3', 'tablet');
    await send('human-monitor-command', { 'command-line': 'savevm theirs' });
    expect(await list()).toMatchObject([{ tag: 'theirs', known: false }]);
    expect((await refused(restore('theirs'))).codes).toEqual(['snapshot-unrecorded']);
    expect(await restore('theirs', true)).toMatchObject({ tag: 'theirs', added: [], removed: [] });
    await send('device_del', { id: 'tablet' });
    await expect.poll(tree).toEqual([]);
    await plug();
    await send('cont');
    const { codes, error } = await refused(restore('theirs', true));
    expect(codes).toEqual(['snapshot-failed', 'snapshot-half-loaded']);
    expect(error.message).toMatch(/could not restore the snapshot \S+: QEMU reports: /);
    expect([await tree(), await state(), claims()]).toEqual([[HOST_LINE], 'paused', [`${ID} attached`]]);
    // no command continues it, or saves it
    expect((await refused(letGo())).codes).toEqual(['guest-half-loaded']);
    expect((await refused(save('half'))).codes).toEqual(['guest-half-loaded']);
    expect(await warnings()).toContain('guest-half-loaded');
    expect(await state()).toBe('paused');
    // the cause is removed, and it works
    await emulated('usb-tablet', '3', 'tablet');
    expect(await restore('theirs', true)).toMatchObject({ runs: false, devices: [{ id: ID, port: '2' }] });
    expect(await warnings()).not.toContain('guest-half-loaded');
    await letGo();
    expect(await state()).toBe('running');
    expect(readdirSync(host.journal.folder)).toEqual([]);
  });
});

describe('snapshots, whatever the release', () => {
  const release = '7.2';
  beforeEach(() => {
    writeEmptyImage(image('d'), 'qcow2');
  });

  test('a device of the host whose port the saved tree needs finds another', async () => {
    await start(release, [...disk('d'), ...XHCI]);
    await emulated('usb-tablet', '2', 'qplug-usb-tablet');
    await save('clean');
    await send('device_del', { id: 'qplug-usb-tablet' });
    await expect.poll(tree).toEqual([]);
    await plug('2');
    const { devices } = await restore('clean');
    expect(devices).toMatchObject([{ id: ID, bus: 'x.0' }]);
    expect((await tree()).join()).toMatch(/x\.0 2 usb-tablet qplug-usb-tablet 480/);
    expect((await tree()).some((line) => line.includes(`usb-host ${ID} 480`))).toBe(true);
  });

  test.each([
    ['another PCI address', ['-device', 'qemu-xhci,id=x,p2=6,p3=2,addr=5'], ['controller-missing', 'controller-extra']],
    ['other ports', ['-device', 'qemu-xhci,id=x,p2=4,p3=2,addr=4'], ['controller-other']],
    ['another model', ['-device', 'nec-usb-xhci,id=x,p2=6,p3=2,addr=4'], ['controller-other']],
    ['one controller more', [...XHCI, '-device', 'usb-ehci,id=e,addr=6'], ['controller-extra']],
  ])('restore into a VM with %s is refused before it is touched', async (_, controllers, differences) => {
    await start(release, [...disk('d'), ...XHCI]);
    await save('clean');
    await start(release, [...disk('d'), ...controllers]);
    await plug('1');
    await send('cont');
    const before = await tree();
    const { error } = await refused(restore('clean'));
    expect(error.kind).toBe('refused');
    expect(error.findings.map(({ evidence }) => (evidence as { difference: { is: string } }).difference.is)).toEqual(
      differences,
    );
    expect([await tree(), await state(), claims()]).toEqual([before, 'running', [`${ID} attached`]]);
  });

  test('what blocks it is told before anything is touched, all at once', async () => {
    writeEmptyImage(image('r'), 'raw');
    await start(release, [
      ...disk('d'),
      ...disk('r', 'raw'),
      ...XHCI,
      '-device',
      'usb-wacom-tablet,bus=x.0,port=3,id=w',
    ]);
    await plug();
    const { codes, error } = await refused(save('clean'));
    expect(codes).toEqual(['snapshot-disk-unable', 'snapshot-blocked']);
    expect(error.kind).toBe('refused');
    expect([await list(), records(), claims()]).toEqual([[], [], [`${ID} attached`]]);
    for (const tag of ['1', '-x', 'a b', '', '../x', 'x/y', 'x'.repeat(65), 'é']) {
      expect((await refused(save(tag))).codes).toEqual(['snapshot-tag-wrong']);
      expect((await refused(restore(tag))).codes).toEqual(['snapshot-tag-wrong']);
    }
    await start(release, [...disk('r', 'raw'), ...XHCI]);
    expect((await refused(save('clean'))).codes).toEqual(['snapshot-no-disk']);
    await start(release, XHCI);
    expect((await refused(save('clean'))).codes).toEqual(['snapshot-no-disk']);
  });

  test('two disks: a snapshot is on both, or it is not restored', async () => {
    writeEmptyImage(image('e'), 'qcow2');
    await start(release, [...disk('d'), ...disk('e'), ...XHCI]);
    expect((await save('both')).disks.toSorted()).toEqual(['d', 'e']);
    expect(await list()).toMatchObject([{ tag: 'both', missingOn: [], known: true }]);
    await restore('both');
    await start(release, [...disk('d'), ...XHCI]);
    await save('one');
    await start(release, [...disk('d'), ...disk('e'), ...XHCI]);
    expect((await list()).map(({ tag, missingOn }) => [tag, missingOn])).toEqual([
      ['both', []],
      ['one', ['e']],
    ]);
    const { codes, error } = await refused(restore('one'));
    expect([codes, error.message]).toEqual([['snapshot-partial'], expect.stringContaining('e lacks it')]);
    await remove('one');
    await remove('both');
    expect([await list(), records()]).toEqual([[], []]);
  });
});

describe('at the same time', () => {
  beforeEach(async () => {
    writeEmptyImage(image('d'), 'qcow2');
    await start('11.1', [...disk('d'), ...XHCI]);
  });

  const outcomes = async (...works: Promise<unknown>[]): Promise<string[]> =>
    (await Promise.allSettled(works)).map((one) =>
      one.status === 'fulfilled' ? 'done' : one.reason instanceof QplugError ? one.reason.code : String(one.reason),
    );

  test('two of one tag: one is saved, the other is told of it', async () => {
    await plug();
    expect((await outcomes(save('same'), save('same'))).toSorted()).toEqual(['done', 'snapshot-exists']);
    expect(await list()).toMatchObject([{ tag: 'same', known: true }]);
    expect([await tree(), claims()]).toEqual([[HOST_LINE], [`${ID} attached`]]);
  });

  test('saved and restored, saved and attached: one after the other', async () => {
    await save('first');
    expect(await outcomes(save('second'), restore('first'), plug(), save('third'))).toEqual(Array(4).fill('done'));
    expect((await list()).map(({ tag, known }) => [tag, known]).toSorted()).toEqual([
      ['first', true],
      ['second', true],
      ['third', true],
    ]);
    expect([await tree(), claims(), readdirSync(host.journal.folder)]).toEqual([[HOST_LINE], [`${ID} attached`], []]);
  });
});

test.each(['5.2', '11.1'])(
  'QEMU %s: a save that is given up leaves no snapshot, and the device is back',
  async (release) => {
    writeEmptyImage(image('d'), 'qcow2');
    await start(release, [...disk('d'), ...XHCI]);
    await plug();
    await send('cont');
    const stop = new AbortController();
    const giveUp = (what: string): void => {
      // by then QEMU has the command, and answers no client
      if (what.startsWith('save the state')) setTimeout(() => stop.abort(new Error('enough')), 2);
    };
    const operation = world.operation({ signal: stop.signal, onProgress: giveUp });
    const work = within((vm) => saveSnapshot(vm, { tag: 'clean', keep: false }, host, operation));
    await expect(work).rejects.toThrow();
    expect([await list(), records(), await tree(), await state()]).toEqual([[], [], [HOST_LINE], 'running']);
    expect([claims(), readdirSync(host.journal.folder)]).toEqual([[`${ID} attached`], []]);
  },
);
