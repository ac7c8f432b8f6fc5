import { afterEach, beforeEach, expect, test } from 'vitest';
import type { QplugError } from '../../../src/diag/index.js';
import { type AttachRequest, attach, openVm, roomInVm } from '../../../src/vm/index.js';
import { startQemu } from '../harness/plain-qemu.js';
import { lacking, startProxy } from '../harness/qmp-proxy.js';
import { makeWorld, treeOf, type World } from '../harness/vm-world.js';

let world: World;
let warnings: string[] = [];
const onWarning = (warning: Error): void => void warnings.push(warning.message);
beforeEach(() => {
  world = makeWorld();
  warnings = [];
  process.on('warning', onWarning);
});
afterEach(() => {
  process.off('warning', onWarning);
  world[Symbol.dispose]();
  expect(warnings).toEqual([]);
});

async function plug(socket: string, request: Partial<AttachRequest>) {
  const operation = world.operation();
  await using vm = await openVm(socket, world.host, operation);
  return await attach(vm, { selectors: [], ...request }, world.host, operation);
}

/** @returns how many full-speed devices more a VM has room for, with what may be added */
async function roomOf(socket: string, grow: NonNullable<AttachRequest['grow']>): Promise<number | undefined> {
  const { signal, timeout } = world.operation();
  await using vm = await openVm(socket, world.host, { signal, timeout });
  return (await roomInVm(vm, { selectors: [], grow }, world.host, { speed: 'full', signal }))[0]?.most;
}

const failing = (work: Promise<unknown>): Promise<QplugError> =>
  work.then(
    () => expect.fail('it went through'),
    (error) => error,
  );

const tablets = (count: number): string[] => Array.from({ length: count }, () => 'usb-tablet');

test('on a pc with a bare xHCI: attached at the ports that were planned, and reported as QEMU shows them', async () => {
  await using qemu = await startQemu('-machine', 'pc', '-accel', 'tcg', '-device', 'qemu-xhci,id=x,p2=4,p3=4');
  const report = await plug(qemu.socket, { emulated: ['usb-tablet', 'usb-mouse'] });
  expect(report.devices.map(({ outcome }) => outcome)).toEqual(['attached', 'attached']);
  const tree = await treeOf(world, qemu.socket);
  const told = report.devices.map(({ bus, port, id, megabits }) => `${bus} ${port} ${id.slice(6)} ${id} ${megabits}`);
  expect(tree.toSorted()).toEqual(told.toSorted());
  expect(tree).toHaveLength(2);
});

test('on a q35 with -usb and a mouse without a port: what was there stays, the new one goes beside it', async () => {
  await using qemu = await startQemu('-machine', 'q35', '-accel', 'tcg', '-usb', '-device', 'usb-mouse');
  const before = await treeOf(world, qemu.socket);
  expect(before).toEqual(['usb-bus.0 1 usb-mouse - 480']);
  const report = await plug(qemu.socket, { emulated: ['usb-kbd'] });
  expect(report.devices[0]).toMatchObject({ bus: 'usb-bus.0', outcome: 'attached' });
  expect(report.devices[0]?.port).not.toBe('1');
  expect(await treeOf(world, qemu.socket)).toEqual(expect.arrayContaining(before));
});

test('on a pc whose second port QEMU made a hub of by itself: a device goes behind that hub', async () => {
  const mice = ['usb-mouse', 'usb-mouse'].flatMap((driver) => ['-device', driver]);
  await using qemu = await startQemu('-machine', 'pc', '-accel', 'tcg', '-usb', ...mice);
  const before = await treeOf(world, qemu.socket);
  expect(before.filter((line) => line.includes('usb-hub'))).toHaveLength(1);
  const report = await plug(qemu.socket, { emulated: ['usb-kbd'], slower: 'allow' });
  expect(report.devices[0]?.port).toMatch(/^2\.\d$/);
  expect(report.hubs).toEqual([]);
  expect(await treeOf(world, qemu.socket)).toEqual(expect.arrayContaining(before));
});

test('two controllers without ids: both are used by the names of their buses', async () => {
  await using qemu = await startQemu(
    ...['-machine', 'pc', '-accel', 'tcg', '-device', 'piix3-usb-uhci', '-device', 'qemu-xhci,p2=1,p3=1'],
  );
  const first = await plug(qemu.socket, { emulated: ['usb-tablet'], controller: 'usb-bus.1', grow: NOTHING });
  const second = await plug(qemu.socket, { emulated: ['usb-wacom-tablet'], controller: 'usb-bus.0', grow: NOTHING });
  const places = [...first.devices, ...second.devices].map(({ bus, megabits }) => [bus, megabits]);
  expect(places.toSorted()).toEqual([
    ['usb-bus.0', 12],
    ['usb-bus.1', 480],
  ]);
});

const NOTHING = { hubs: false, controllers: false };

test('more full-speed devices than ports: hubs are added in front, and everything hangs where the plan says', async () => {
  await using qemu = await startQemu('-machine', 'pc', '-accel', 'tcg', '-device', 'piix3-usb-uhci,id=u');
  const many = Array.from({ length: 9 }, () => 'usb-wacom-tablet');
  const report = await plug(qemu.socket, { emulated: many });
  expect(report.hubs.length).toBeGreaterThan(0);
  const tree = await treeOf(world, qemu.socket);
  expect(tree.filter((line) => line.includes('wacom'))).toHaveLength(9);
  expect(tree.every((line) => line.endsWith(' 12'))).toBe(true);
});

test('no port left and nothing may be added: exit kind no-plan, and the VM is as it was', async () => {
  await using qemu = await startQemu('-machine', 'pc', '-accel', 'tcg', '-device', 'qemu-xhci,id=x,p2=2,p3=2');
  await plug(qemu.socket, { emulated: tablets(2), grow: NOTHING });
  const before = await treeOf(world, qemu.socket);
  const error = await failing(plug(qemu.socket, { emulated: ['usb-mouse'], grow: NOTHING }));
  expect([error.code, error.kind]).toEqual(['no-port', 'no-plan']);
  expect(await treeOf(world, qemu.socket)).toEqual(before);
});

test('a device is put at the port that was typed', async () => {
  await using qemu = await startQemu('-machine', 'pc', '-accel', 'tcg', '-device', 'qemu-xhci,id=x,p2=4,p3=4');
  const report = await plug(qemu.socket, { emulated: ['usb-tablet'], controller: 'x', port: '3' });
  expect(report.devices[0]).toMatchObject({ bus: 'x.0', port: '3' });
  expect(await treeOf(world, qemu.socket)).toEqual(['x.0 3 usb-tablet qplug-usb-tablet 480']);
});

test.each([
  ['a controller that is not there', { emulated: ['usb-tablet'], controller: 'y' }, 'pin-unknown'],
  ['a port that is not there', { emulated: ['usb-tablet'], controller: 'x', port: '9' }, 'pin-unknown'],
  ['a port in use', { emulated: ['usb-tablet'], controller: 'x', port: '1' }, 'pin-taken'],
  ['a port that two shall have', { emulated: tablets(2), controller: 'x', port: '2' }, 'pin-taken'],
  ['an unknown model', { emulated: ['usb-tablte'] }, 'emulated-unknown'],
  ['a model that needs a drive', { emulated: ['usb-storage'] }, 'emulated-needs-backend'],
  ['a model that stays empty until disks are on its own bus', { emulated: ['usb-uas'] }, 'emulated-by-hand'],
  ['a model whose peer decides', { emulated: ['usb-redir'] }, 'emulated-by-hand'],
])('%s: refused, and nothing is touched', async (_, request, code) => {
  await using qemu = await startQemu(
    ...['-machine', 'pc', '-accel', 'tcg', '-device', 'qemu-xhci,id=x,p2=4,p3=4', '-device', 'usb-mouse,port=1'],
  );
  const error = await failing(plug(qemu.socket, request));
  expect(error.findings.map((one) => one.code)).toContain(code);
  expect(await treeOf(world, qemu.socket)).toEqual(['x.0 1 usb-mouse - 480']);
});

test('growth by controllers on a pc: an xHCI is plugged into its PCI bus, and the devices into that', async () => {
  await using qemu = await startQemu('-machine', 'pc', '-accel', 'tcg');
  const report = await plug(qemu.socket, { emulated: tablets(2), grow: { hubs: true, controllers: true } });
  expect(report.controllers).toHaveLength(1);
  const bus = `${report.controllers[0]}.0`;
  expect(report.devices.map((one) => one.bus)).toEqual([bus, bus]);
  expect(await treeOf(world, qemu.socket)).toHaveLength(2);
});

test('a QEMU without hubs and xHCI: neither is added, advised, or counted as room', async () => {
  const growth = { hubs: true, controllers: true };
  await using qemu = await startQemu('-machine', 'pc', '-accel', 'tcg', '-device', 'piix3-usb-uhci,id=u');
  await plug(qemu.socket, { emulated: ['usb-wacom-tablet', 'usb-wacom-tablet'], grow: { ...growth, hubs: false } });
  await using proxy = await startProxy(qemu.socket, lacking('usb-hub', 'qemu-xhci'));
  const error = await failing(plug(proxy.socket, { emulated: ['usb-wacom-tablet'], grow: growth }));
  expect(error.findings.map((one) => one.code)).toEqual(['no-port']);
  const hint = await failing(plug(proxy.socket, { emulated: ['usb-wacom-tablet'] }));
  expect(JSON.stringify(hint.findings)).not.toContain('grow');
  expect(await roomOf(proxy.socket, growth)).toBe(0);
  expect(await roomOf(qemu.socket, growth)).toBeGreaterThan(8);
});

test('growth by controllers on a q35: the spare root port takes one, the second time there is none left', async () => {
  await using qemu = await startQemu(
    ...['-machine', 'q35', '-accel', 'tcg', '-device', 'pcie-root-port,id=spare,bus=pcie.0,chassis=1'],
  );
  const grow = { hubs: false, controllers: true };
  const report = await plug(qemu.socket, { emulated: tablets(15), grow });
  expect(report.controllers).toHaveLength(1);
  const error = await failing(plug(qemu.socket, { emulated: ['usb-mouse'], grow }));
  expect(error.kind).toBe('no-plan');
  expect(await treeOf(world, qemu.socket)).toHaveLength(15);
});
