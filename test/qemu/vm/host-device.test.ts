import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { HostAccess } from '../../../src/access/index.js';
import { fail, type QplugError } from '../../../src/diag/index.js';
import { type Recording, recordedSysfs } from '../../../src/host/index.js';
import {
  type AttachRequest,
  attach,
  detach,
  mend,
  openVm,
  resume,
  runVm,
  statusOf,
  suspend,
} from '../../../src/vm/index.js';
import { disk, hostFiles, mounted } from '../../unit/host/guards/host-tree.js';
import { changed, recording, without } from '../../unit/host/recordings.js';
import { type PlainQemu, startQemu } from '../harness/plain-qemu.js';
import { type QmpProxy, startProxy } from '../harness/qmp-proxy.js';
import { standIn } from '../harness/stand-in.js';
import { makeWorld, processesOf, stateLeft, treeOf, type World } from '../harness/vm-world.js';

let world: World;
let host: HostAccess;
const SIX = recording('six-devices');

/** From now on the host is as in this recording. */
const plugged = (now: Recording): void => {
  host = { ...world.host, sysfs: recordedSysfs(now) };
};

beforeEach(() => {
  world = makeWorld();
  plugged(SIX);
});
afterEach(() => world[Symbol.dispose]());

const failing = (work: Promise<unknown>): Promise<QplugError> =>
  work.then(
    () => expect.fail('it went through'),
    (error) => error,
  );

const codes = ({ findings }: { readonly findings: readonly { code: string }[] }): string[] =>
  findings.map(({ code }) => code);

const TABLET = '1-2';
const ID = 'qplug-0627-0001-1-2';
const XHCI = ['-machine', 'pc', '-accel', 'tcg', '-device', 'qemu-xhci,id=x,p2=4,p3=4'];

describe('a device that is in the VM', () => {
  let qemu: PlainQemu;
  let proxy: QmpProxy;
  let rules: ReturnType<typeof standIn>;
  beforeEach(async () => {
    qemu = await startQemu(...XHCI);
    rules = standIn();
    proxy = await startProxy(qemu.socket, rules);
  });
  afterEach(async () => {
    await proxy[Symbol.asyncDispose]();
    await qemu[Symbol.asyncDispose]();
  });

  async function plug(more: Partial<AttachRequest> = {}) {
    const operation = world.operation();
    await using vm = await openVm(proxy.socket, host, operation);
    return await attach(vm, { selectors: [TABLET], ...more }, host, operation);
  }

  async function look() {
    await using vm = await openVm(proxy.socket, host, world.operation());
    return await statusOf(vm, host, world.operation());
  }

  async function take(word: string) {
    await using vm = await openVm(proxy.socket, host, world.operation());
    return await detach(vm, [word], host, world.operation());
  }

  const adds = (): unknown[] =>
    proxy.seen.flatMap(({ execute, arguments: args }) => (execute === 'device_add' ? [args] : []));

  test('attached: QEMU was given exactly that device, and status knows whose it is', async () => {
    const { devices } = await plug({ port: '2' });
    expect(devices).toMatchObject([
      { id: ID, outcome: 'attached', port: '2', megabits: 480, hostDevice: { port: TABLET } },
    ]);
    expect(adds()).toEqual([{ driver: 'usb-host', id: ID, bus: 'x.0', port: '2', hostbus: 1, hostaddr: 2 }]);
    expect((await look()).devices).toMatchObject([{ state: 'attached', ours: true, hostDevice: { port: TABLET } }]);
  });

  test('attached a second time: said so, nothing is done, no error', async () => {
    await plug();
    const report = await plug();
    expect(report.devices).toMatchObject([{ id: ID, outcome: 'already', bus: 'x.0' }]);
    expect(report.findings).toMatchObject([{ code: 'already-attached', severity: 'note' }]);
    expect(adds()).toHaveLength(1);
  });

  test('replugged since: what stood for it makes room, and it is back under its id with its new address', async () => {
    await plug();
    rules.attached = false;
    const now = changed(SIX, { [`${TABLET}/devnum`]: { text: '9\n' } });
    plugged({ ...now, nodes: { ...now.nodes, 'bus/usb/001/009': 'usable' } });
    expect((await look()).devices).toMatchObject([{ state: 'stale', hostDevice: undefined }]);
    const onStale = (): void => {
      rules.attached = true;
    };
    const operation = world.operation({ onProgress: onStale });
    await using vm = await openVm(proxy.socket, host, operation);
    const report = await attach(vm, { selectors: [TABLET] }, host, operation);
    expect(report.devices).toMatchObject([{ id: ID, outcome: 'attached' }]);
    expect(codes(report)).toEqual(['device-came-back']);
    expect(adds().at(-1)).toMatchObject({ id: ID, hostaddr: 9 });
    await vm.qmp.close();
    expect(await treeOf(world, qemu.socket)).toHaveLength(1);
  });

  test.each([
    ['pulled', (now: Recording) => without(now, TABLET), 'it was unplugged'],
    [
      'plugged in again since',
      (now: Recording) => changed(now, { [`${TABLET}/devnum`]: { text: '9\n' } }),
      'it was replugged, and QEMU does not open it again by itself',
    ],
  ])('%s: its claim says so from the next command on, until it is attached again', async (_, after, reason) => {
    await plug();
    expect(await mend(host, world.operation())).toEqual([]);
    expect(host.claims.list()).toMatchObject([{ device: ID, state: 'attached', reason: undefined }]);
    plugged(after(SIX));
    await mend(host, world.operation());
    const [claim] = host.claims.list();
    expect(claim).toMatchObject({ device: ID, state: 'failed', reason });
    await mend(host, world.operation());
    expect(host.claims.list()).toEqual([claim]);
    rules.attached = true;
    const here = changed(SIX, { [`${TABLET}/devnum`]: { text: '8\n' } });
    plugged({ ...here, nodes: { ...here.nodes, 'bus/usb/001/008': 'usable' } });
    await plug();
    expect(host.claims.list()).toMatchObject([{ state: 'attached', reason: undefined, address: '1.8' }]);
    await take(TABLET);
    expect(host.claims.list()).toEqual([]);
  });

  test('handed over though the host needs it: that is known when it is suspended, and resume does not ask again', async () => {
    const mounts = { ...disk(TABLET, 'sda'), ...mounted('8:1 /mnt ext4 /dev/sda1') };
    host = { ...host, files: hostFiles(mounts) };
    const refused = await failing(plug());
    expect(codes(refused)).toEqual(['device-guarded']);
    await plug({ guardOff: ['mount', 'swap'] });
    expect(host.claims.list()).toMatchObject([{ guardOff: ['mount'] }]);
    {
      await using vm = await openVm(proxy.socket, host, world.operation());
      await vm.qmp.execute('cont');
    }
    const request = { wait: 0, waitForAll: false };
    for (const files of [hostFiles(mounts), hostFiles({}), hostFiles(mounts)]) {
      host = { ...host, files };
      await using vm = await openVm(proxy.socket, host, world.operation());
      const { devices } = await suspend(vm, { keep: false }, host, world.operation());
      expect(devices).toMatchObject([{ id: ID, guardOff: ['mount'] }]);
      expect(await resume(vm, request, host, world.operation())).toMatchObject({ devices: [{ back: true }] });
    }
  });

  test('where the journal can not be written nothing is done, and the device is free again', async () => {
    const begin = (): never => {
      throw fail('state-write-failed', { path: '/state', reason: 'no space' });
    };
    host = { ...host, journal: Object.assign(Object.create(host.journal), { begin }) };
    expect(codes(await failing(plug()))).toEqual(['state-write-failed']);
    expect([host.claims.list(), adds()]).toEqual([[], []]);
  });

  test('detached, and the claims can not be written then: it stays detached', async () => {
    await plug();
    const real = host.claims;
    let detaching = false;
    const change: typeof real.change = (claims, became) => {
      if (detaching) throw fail('state-write-failed', { path: '/claims.db', reason: 'no space' });
      detaching = true;
      return real.change(claims, became);
    };
    const get = (_: object, key: string): unknown => {
      const value: unknown = Reflect.get(real, key);
      return key === 'change' ? change : typeof value === 'function' ? value.bind(real) : value;
    };
    host = { ...host, claims: new Proxy(real, { get: get as never }) };
    expect(codes(await failing(take(TABLET)))).toContain('state-write-failed');
    expect(await treeOf(world, qemu.socket)).toEqual([]);
  });

  test('a stranger has its address now: not taken for it', async () => {
    await plug();
    plugged(changed(SIX, { [`${TABLET}/devnum`]: { text: '3\n' }, '1-4/devnum': { text: '2\n' } }));
    expect((await look()).devices).toMatchObject([{ state: 'stale', hostDevice: undefined }]);
    expect((await plug()).devices).toMatchObject([{ id: ID, outcome: 'attached' }]);
    expect(adds().at(-1)).toMatchObject({ id: ID, hostaddr: 3 });
  });

  test.each([[TABLET], ['0627:0001:42'], ['@1.2'], [ID]])('detached by %s', async (word) => {
    const serial = changed(SIX, { [`${TABLET}/serial`]: { text: '42\n' } });
    plugged(serial);
    await plug();
    expect((await take(word)).devices).toMatchObject([{ id: ID, hostDevice: { port: TABLET } }]);
    expect(await treeOf(world, qemu.socket)).toEqual([]);
  });

  test.each([[TABLET], ['0627:0001']])('detached by %s when it was pulled: the id still tells', async (word) => {
    await plug();
    plugged(without(SIX, TABLET));
    expect((await take(word)).devices).toMatchObject([{ id: ID, hostDevice: undefined }]);
  });

  test('two of the same kind meant by one selector: ambiguous, nothing is asked of QEMU', async () => {
    const error = await failing(plug({ selectors: ['0627:0001'] }));
    expect(error.kind).toBe('ambiguous');
    expect(adds()).toEqual([]);
  });

  test('all selectors that mean nothing are told at once', async () => {
    const error = await failing(plug({ selectors: ['1-9', 'dead:beef', TABLET] }));
    expect([codes(error), error.kind]).toEqual([['device-not-found', 'device-not-found'], 'not-found']);
    expect(adds()).toEqual([]);
  });

  test('one device named twice is attached once', async () => {
    expect((await plug({ selectors: [TABLET, '@1.2'] })).devices).toHaveLength(1);
  });
});

describe('a QEMU that can not have the device', () => {
  async function plug(socket: string) {
    const operation = world.operation();
    await using vm = await openVm(socket, host, operation);
    return await attach(vm, { selectors: [TABLET] }, host, operation);
  }

  test('it does not find or open it though it is there: device-open-failed names the node', async () => {
    await using qemu = await startQemu(...XHCI);
    const error = await failing(plug(qemu.socket));
    expect(codes(error)).toEqual(['device-open-failed']);
    expect(error.message).toContain('/dev/bus/usb/001/002');
    expect(await treeOf(world, qemu.socket)).toEqual([]);
  });

  test('it was pulled between plan and plugging: device-gone', async () => {
    await using qemu = await startQemu(...XHCI);
    const there = recordedSysfs(SIX);
    const gone = recordedSysfs(without(SIX, TABLET));
    let now = there;
    await using proxy = await startProxy(qemu.socket, {
      command: ({ execute }) => {
        if (execute === 'device_add') now = gone;
        return 'pass';
      },
    });
    host = {
      ...world.host,
      sysfs: {
        ...there,
        list: (path) => now.list(path),
        text: (path) => now.text(path),
        bytes: (path) => now.bytes(path),
        link: (path) => now.link(path),
      },
    };
    const error = await failing(plug(proxy.socket));
    expect([codes(error), error.kind]).toEqual([['device-gone'], 'not-found']);
  });

  test('its node is closed to us: told before QEMU is asked', async () => {
    await using qemu = await startQemu(...XHCI);
    await using proxy = await startProxy(qemu.socket, {});
    plugged({ ...SIX, nodes: { ...SIX.nodes, 'bus/usb/001/002': 'denied' } });
    const error = await failing(plug(proxy.socket));
    expect(error.findings[0].evidence).toMatchObject({ node: '/dev/bus/usb/001/002' });
    expect(proxy.seen.map(({ execute }) => execute)).not.toContain('device_add');
  });
});

describe('a VM file that wants it', () => {
  const FILE = 'name: bench\naccel: [tcg]\nmemory: 64M\nusb:\n';
  const start = (usb: string) => runVm({ path: world.file('b.yaml', FILE + usb), wait: 0 }, host, world.operation());

  test('and can do without: the VM runs, and says what it lacks', async () => {
    const vm = await start(`  devices: ["${TABLET}", { emulated: usb-mouse, id: m }]\n`);
    await using _process = vm.process;
    expect(vm.findings).toMatchObject([{ code: 'device-open-failed', severity: 'warning' }]);
    expect(vm.devices.map(({ key }) => key)).toEqual(['m']);
    expect(vm.hostDevices).toEqual([]);
  });

  test('and can not do without: it ends before its guest ran, and nothing is left', async () => {
    const error = await failing(start(`  devices: [{ select: "${TABLET}", when-missing: fail }]\n`));
    expect(codes(error)).toEqual(['device-open-failed']);
    expect(world.told).not.toContain('resume the guest');
    expect([stateLeft(world), processesOf(world)]).toEqual([[], []]);
  });

  test.each([
    ['deny', `  deny: ["${TABLET}"]\n`],
    ['allow', '  allow: ["4-1"]\n'],
  ])('and forbids it by %s: refused before anything is started', async (_, rule) => {
    const error = await failing(start(`  devices: [{ select: "${TABLET}", when-missing: fail }]\n${rule}`));
    expect([codes(error), error.kind]).toEqual([['device-denied'], 'refused']);
    expect(stateLeft(world)).toEqual([]);
  });

  test('twice, by two selectors: wanted-twice at the second', async () => {
    const error = await failing(start(`  devices:\n    - "${TABLET}"\n    - "@1.2"\n`));
    expect(error.findings).toMatchObject([{ code: 'wanted-twice', location: { line: 7 } }]);
  });

  test('with a controller whose ports are all too slow: no plan, with its line', async () => {
    const error = await failing(
      start(
        '  controllers: [{ model: piix3-usb-uhci }]\n  grow: []\n  devices: [{ select: "2-1", when-missing: fail }]\n',
      ),
    );
    expect([codes(error), error.kind]).toEqual([['only-slower'], 'no-plan']);
  });
});
