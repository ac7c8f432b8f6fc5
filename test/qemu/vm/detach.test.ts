import { afterEach, beforeEach, expect, test } from 'vitest';
import type { QplugError } from '../../../src/diag/index.js';
import { connect } from '../../../src/qmp/index.js';
import { attach, detach, type Operation, openVm } from '../../../src/vm/index.js';
import { removeDevice } from '../../../src/vm/steps/remove-device.js';
import { PATIENCE, pastDeadline } from '../../patience.js';
import { startQemu } from '../harness/plain-qemu.js';
import { startProxy } from '../harness/qmp-proxy.js';
import { makeWorld, topologyOf, treeOf, type World } from '../harness/vm-world.js';

let world: World;
beforeEach(() => {
  world = makeWorld();
});
afterEach(() => world[Symbol.dispose]());

const XHCI = ['-machine', 'pc', '-accel', 'tcg', '-device', 'qemu-xhci,id=x,p2=6,p3=6'];
const HUB = ['-device', 'usb-hub,id=h,port=1,ports=2', '-device', 'usb-mouse,id=m,port=1.1,usb_version=1'];

async function take(socket: string, words: readonly string[], more?: Partial<Operation>) {
  const operation = world.operation(more);
  await using vm = await openVm(socket, world.host, operation);
  return await detach(vm, words, world.host, operation);
}

async function give(socket: string, ...emulated: string[]): Promise<string[]> {
  const operation = world.operation();
  await using vm = await openVm(socket, world.host, operation);
  const report = await attach(vm, { selectors: [], emulated }, world.host, operation);
  return report.devices.map(({ id }) => id);
}

const failing = (work: Promise<unknown>): Promise<QplugError> =>
  work.then(
    () => expect.fail('it went through'),
    (error) => error,
  );

const codes = ({ findings }: QplugError): string[] => findings.map(({ code }) => code);

test('by id: gone when it returns, and its id can be used again at once', async () => {
  await using qemu = await startQemu(...XHCI);
  const [id = ''] = await give(qemu.socket, 'usb-tablet');
  const { devices } = await take(qemu.socket, [id]);
  expect(devices).toMatchObject([{ id, bus: 'x.0', port: expect.any(String), hostDevice: undefined }]);
  expect(await treeOf(world, qemu.socket)).toEqual([]);
  expect(await give(qemu.socket, 'usb-tablet')).toEqual([id]);
});

test('one of two names is wrong: not-attached lists what is there, and nothing is taken out', async () => {
  await using qemu = await startQemu(...XHCI, ...HUB);
  const error = await failing(take(qemu.socket, ['m', 'nobody']));
  expect([codes(error), error.kind]).toEqual([['not-attached'], 'not-found']);
  expect(error.findings[0].evidence).toMatchObject({ selector: 'nobody', ids: ['h', 'm'] });
  expect(await treeOf(world, qemu.socket)).toHaveLength(2);
});

test('a hub with a device behind it: refused, unless that is named too, in whatever order', async () => {
  await using qemu = await startQemu(...XHCI, ...HUB);
  const error = await failing(take(qemu.socket, ['h']));
  expect([codes(error), error.kind]).toEqual([['hub-in-use'], 'refused']);
  const { devices } = await take(qemu.socket, ['h', 'm', 'h']);
  expect(devices.map(({ id }) => id)).toEqual(['m', 'h']);
  expect(await treeOf(world, qemu.socket)).toEqual([]);
});

test('devices without an id, and the hub that QEMU made: by their QOM paths', async () => {
  const mice = ['usb-mouse', 'usb-mouse'].flatMap((driver) => ['-device', driver]);
  await using qemu = await startQemu('-machine', 'pc', '-accel', 'tcg', '-usb', ...mice);
  const { controllers } = await topologyOf(world, qemu.socket);
  const paths = controllers.flatMap(({ devices }) => devices.map(({ qomPath }) => qomPath ?? ''));
  expect(paths).toHaveLength(3);
  await take(qemu.socket, paths);
  expect(await treeOf(world, qemu.socket)).toEqual([]);
});

test('the second removal is refused: the first, which qplug had plugged, is put back where it was', async () => {
  await using qemu = await startQemu(...XHCI);
  const ids = await give(qemu.socket, 'usb-tablet', 'usb-mouse');
  const before = await treeOf(world, qemu.socket);
  let asked = 0;
  await using proxy = await startProxy(qemu.socket, {
    command: ({ execute }) => {
      asked += execute === 'device_del' ? 1 : 0;
      return execute === 'device_del' && asked === 2 ? { error: 'stuck' } : 'pass';
    },
  });
  const error = await failing(take(proxy.socket, ids));
  expect(codes(error)).toEqual(['qmp-command-failed']);
  expect((await treeOf(world, qemu.socket)).toSorted()).toEqual(before.toSorted());
});

test('given up between two removals: what went is put back, and what did not go is no failure', async () => {
  await using qemu = await startQemu(...XHCI);
  const ids = await give(qemu.socket, 'usb-tablet', 'usb-mouse');
  const before = await treeOf(world, qemu.socket);
  const controller = new AbortController();
  const told: string[] = [];
  const onProgress = (what: string): void => {
    told.push(what);
    if (told.length === 2) controller.abort(new Error('enough'));
  };
  const error = await failing(take(qemu.socket, ids, { signal: controller.signal, onProgress }));
  expect(error.message).toBe('enough');
  expect(told.map((one) => one.split(' ')[0])).toEqual(['unplug', 'unplug', 'undo:']);
  expect((await treeOf(world, qemu.socket)).toSorted()).toEqual(before.toSorted());
});

test('given up while a removal is on its way: the device is put back', async () => {
  await using qemu = await startQemu(...XHCI);
  const [id = ''] = await give(qemu.socket, 'usb-tablet');
  const before = await treeOf(world, qemu.socket);
  const controller = new AbortController();
  await using proxy = await startProxy(qemu.socket, {
    command: ({ execute }) => {
      if (execute === 'device_del') controller.abort(new Error('enough'));
      return 'pass';
    },
  });
  const error = await failing(take(proxy.socket, [id], { signal: controller.signal }));
  expect(error.message).toBe('enough');
  expect(await treeOf(world, qemu.socket)).toEqual(before);
});

test('what others plugged can not be made again: its removal is told as not undone', async () => {
  await using qemu = await startQemu(
    ...XHCI,
    '-device',
    'usb-mouse,id=theirs,port=2,serial=77',
    '-device',
    'usb-kbd,id=k',
  );
  let asked = 0;
  await using proxy = await startProxy(qemu.socket, {
    command: ({ execute }) => {
      asked += execute === 'device_del' ? 1 : 0;
      return execute === 'device_del' && asked === 2 ? { error: 'stuck' } : 'pass';
    },
  });
  const error = await failing(take(proxy.socket, ['theirs', 'k']));
  expect(codes(error)).toEqual(['qmp-command-failed', 'not-undone']);
  expect(error.findings[1]?.evidence).toEqual({ devices: ['theirs'] });
});

test('QEMU takes the request and never lets go: removal-pending at the deadline', async () => {
  await using qemu = await startQemu(...XHCI, '-device', 'usb-mouse,id=m');
  await using proxy = await startProxy(qemu.socket, {
    command: ({ execute }) => (execute === 'device_del' ? { return: {} } : 'pass'),
  });
  await using qmp = await connect({ path: proxy.socket });
  const { signal } = world.operation();
  const removal = { target: 'm', qomPath: '/machine/peripheral/m' };
  const error = await pastDeadline(
    400,
    (timeout) => failing(removeDevice(qmp, removal, { signal, timeout })),
    () => proxy.seen.some(({ execute }) => execute === 'device_del'),
  );
  expect([codes(error), error.kind]).toEqual([['removal-pending'], 'timeout']);
});

test('no event comes, but the object is gone: done, as with an xHCI that leaks', async () => {
  await using qemu = await startQemu(
    ...['-machine', 'q35', '-accel', 'tcg', '-global', 'ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off'],
    ...['-device', 'pcie-root-port,id=spare,bus=pcie.0,chassis=1'],
  );
  await using qmp = await connect({ path: qemu.socket });
  await qmp.executeAny('device_add', { driver: 'qemu-xhci', id: 'c', bus: 'spare' });
  const { signal } = world.operation();
  const removal = { target: 'c', qomPath: '/machine/peripheral/c' };
  expect(await removeDevice(qmp, removal, { signal, timeout: PATIENCE })).toBe(true);
  expect(await removeDevice(qmp, removal, { signal, timeout: PATIENCE })).toBe(false);
});
