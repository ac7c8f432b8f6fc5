import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { HostAccess } from '../../../src/access/index.js';
import type { QplugError } from '../../../src/diag/index.js';
import { type HostFiles, type Recording, recordedSysfs, type SysfsReader } from '../../../src/host/index.js';
import {
  attach,
  detach,
  migrate,
  type OpenVm,
  type Operation,
  openVm,
  rebalance,
  statusOf,
} from '../../../src/vm/index.js';
import { disk, hostFiles, mounted } from '../../unit/host/guards/host-tree.js';
import { changed, recording, without } from '../../unit/host/recordings.js';
import { type PlainQemu, startQemu } from '../harness/plain-qemu.js';
import { type ProxyRules, type QmpProxy, startProxy } from '../harness/qmp-proxy.js';
import { standIn } from '../harness/stand-in.js';
import { makeWorld, treeOf, type World } from '../harness/vm-world.js';

/*
 * What an undo puts back into a VM, and what it must not: a device that the host uses by now, or another one that has its address.
 */
const SIX = recording('six-devices');
const READER = '1-4';

let world: World;
let qemu: PlainQemu;
let proxy: QmpProxy;
/** The host as it is now. */
let now: { sysfs: SysfsReader; files: HostFiles };
let host: HostAccess;

beforeEach(() => {
  world = makeWorld();
  now = { sysfs: recordedSysfs(SIX), files: hostFiles({}) };
  host = { ...world.host, sysfs: following(() => now.sysfs), files: following(() => now.files) };
});
afterEach(async () => {
  await proxy[Symbol.asyncDispose]();
  await qemu[Symbol.asyncDispose]();
  world[Symbol.dispose]();
});

/** Whatever is asked is asked of what `current` gives then. */
function following<T extends object>(current: () => T): T {
  return new Proxy({} as T, { get: (_, key) => Reflect.get(current(), key) });
}

const becomes = (recorded: Recording): void => {
  now.sysfs = recordedSysfs(recorded);
};

async function start(rules: ProxyRules, ...devices: readonly string[]): Promise<void> {
  qemu = await startQemu('-machine', 'pc', '-accel', 'tcg', ...devices.flatMap((one) => ['-device', one]));
  proxy = await startProxy(qemu.socket, rules);
}

async function inVm<T>(work: (vm: OpenVm, operation: Operation) => Promise<T>, more?: Partial<Operation>): Promise<T> {
  const operation = world.operation(more);
  await using vm = await openVm(proxy.socket, host, operation);
  return await work(vm, operation);
}

const plug = (selector: string, port: string) =>
  inVm((vm, operation) =>
    attach(vm, { selectors: [selector], controller: 'x', port, slower: 'allow' }, host, operation),
  );

const failing = (work: Promise<unknown>): Promise<QplugError> =>
  work.then(
    () => expect.fail('it went through'),
    (error) => error,
  );

const codes = ({ findings }: { readonly findings: readonly { code: string }[] }): string[] =>
  findings.map(({ code }) => code);

/** The disk behind a port is mounted by the host. */
const mount = (port: string): void => {
  now.files = hostFiles({ ...disk(port, 'sda'), ...mounted('8:1 /mnt ext4 /dev/sda1') });
};

/** Devices at 1-2 and 1-4 have changed their addresses: 1-2 has that of 1-4. */
const swapped = changed(SIX, { '1-2/devnum': { text: '3\n' }, '1-4/devnum': { text: '2\n' } });

describe.each([
  ['mounted by the host meanwhile', 'stays-with-host', () => mount(READER)],
  ['pulled meanwhile', 'device-gone', () => becomes(without(SIX, READER))],
  ['pulled, and another one has its address', 'device-gone', () => becomes(swapped)],
])('a device that is %s', (_, code, happens) => {
  /** A full-speed device stands on a port that a mouse wants; a UHCI is free. */
  async function beforeMove(refused: string): Promise<void> {
    const rules = standIn({}, 'usb-wacom-tablet');
    const command: ProxyRules['command'] = (passing) =>
      passing.execute === 'device_add' && passing.arguments?.['driver'] === refused
        ? { error: 'not now' }
        : (rules.command?.(passing) ?? 'pass');
    await start({ ...rules, command }, 'qemu-xhci,id=x,p2=2,p3=2', 'piix3-usb-uhci,id=u');
    await plug(READER, '1');
    await inVm((vm, operation) =>
      attach(vm, { selectors: [], emulated: ['usb-tablet'], controller: 'x', port: '2' }, host, operation),
    );
  }

  test('a rebalance that is undone while it runs does not plug it back', async () => {
    await beforeMove('usb-mouse');
    const onProgress = (what: string): void => {
      if (what.startsWith('undo: plug')) happens();
    };
    const request = { selectors: [], emulated: ['usb-mouse'], carryOut: true };
    const error = await failing(inVm((vm, operation) => rebalance(vm, request, host, operation), { onProgress }));
    expect(codes(error)).toEqual(['device-add-refused', code]);
    expect(await treeOf(world, qemu.socket)).toEqual(['x.0 2 usb-tablet qplug-usb-tablet 480']);
    expect(host.claims.list()).toEqual([]);
    expect(host.journal.isEmpty).toBe(true);
  });
});

describe('an object whose address another device has by now', () => {
  beforeEach(async () => {
    await start(standIn(), 'qemu-xhci,id=x,p2=4,p3=4');
    await plug('1-2', '1');
    // 1-2 was pulled, and 1-4 plugged in again since
    becomes(without(changed(SIX, { '1-4/devnum': { text: '2\n' } }), '1-2'));
  });
  const OLD = 'qplug-0627-0001-1-2';

  test('is not shown as that device', async () => {
    const { devices } = await inVm((vm, operation) => statusOf(vm, host, operation));
    expect(devices).toMatchObject([{ state: 'stale', hostDevice: undefined, device: { id: OLD } }]);
  });

  test('is not what detach takes for that device', async () => {
    const error = await failing(inVm((vm, operation) => detach(vm, ['1-4'], host, operation)));
    expect(codes(error)).toEqual(['not-attached']);
  });

  test('goes by its own id, as what it is, and the other device is left alone', async () => {
    const report = await inVm((vm, operation) => detach(vm, [OLD], host, operation));
    expect(report).toMatchObject({ devices: [{ id: OLD, label: OLD, hostDevice: undefined }], findings: [] });
    expect(await treeOf(world, qemu.socket)).toEqual([]);
    expect(host.claims.list()).toEqual([]);
  });

  test('is not what a migration says that it would take out', async () => {
    const request = { uri: { kind: 'tcp', host: '127.0.0.1', port: 1 }, withDetached: false, end: false } as const;
    const error = await failing(inVm((vm, operation) => migrate(vm, request, host, operation)));
    expect(error.findings).toMatchObject([
      { code: 'migration-holds-devices', evidence: { devices: [{ id: OLD, label: 'usb-host' }] } },
    ]);
  });
});
