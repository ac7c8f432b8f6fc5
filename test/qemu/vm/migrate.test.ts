import { existsSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { HostAccess } from '../../../src/access/index.js';
import { poll } from '../../../src/base/index.js';
import { type QplugError, describe as words } from '../../../src/diag/index.js';
import { recordedSysfs } from '../../../src/host/index.js';
import { atLeast, EMULATED_MODELS } from '../../../src/qdev/index.js';
import {
  attach,
  type MigrateRequest,
  mend,
  migrate,
  type Operation,
  openVm,
  parseMigrationUri,
  resume,
  statusOf,
  suspend,
} from '../../../src/vm/index.js';
import { pastDeadline, patience } from '../../patience.js';
import { disk, hostFiles, mounted } from '../../unit/host/guards/host-tree.js';
import { recording } from '../../unit/host/recordings.js';
import { DEAD, SELF } from '../../unit/registry/records.js';
import { type PlainQemu, startQemu } from '../harness/plain-qemu.js';
import { type QmpProxy, startProxy } from '../harness/qmp-proxy.js';
import { systemVersion } from '../harness/raw-qmp.js';
import { standIn } from '../harness/stand-in.js';
import { makeWorld, treeOf, type World } from '../harness/vm-world.js';

let world: World;
let host: HostAccess;
beforeEach(() => {
  world = makeWorld();
  host = { ...world.host, sysfs: recordedSysfs(recording('six-devices')) };
});
afterEach(() => world[Symbol.dispose]());

const BOARD = ['-machine', 'pc', '-accel', 'tcg', '-m', '32M', '-device', 'qemu-xhci,id=x,p2=4,p3=4'];
const KBD = ['-device', 'usb-kbd,id=kbd,bus=x.0,port=3'];
const HUB = ['-device', 'usb-hub,id=hub,bus=x.0,port=4', '-device', 'usb-mouse,id=mouse,bus=x.0,port=4.2'];
/** Stands for a device of the host: see `standIn`. */
const TABLET = '1-2';
const ID = 'qplug-0627-0001-1-2';
/** There is another of its kind. */
const SELECTOR = '0627:0001:28754-0000:00:03.0-2';

const failing = (work: Promise<unknown>): Promise<QplugError> =>
  work.then(
    () => expect.fail('it went through'),
    (error) => error,
  );
const codes = ({ findings }: { readonly findings: readonly { code: string }[] }): string[] =>
  findings.map(({ code }) => code);

async function ask(socket: string, command: string, args?: object): Promise<unknown> {
  await using vm = await openVm(socket, host, world.operation());
  return await vm.qmp.executeAny(command, args);
}
const runState = async (socket: string): Promise<string> =>
  ((await ask(socket, 'query-status')) as { status: string }).status;

/** A VM that runs. */
async function running(...args: string[]): Promise<PlainQemu> {
  const qemu = await startQemu(...BOARD, ...args);
  await ask(qemu.socket, 'cont');
  return qemu;
}

/** One that waits for a guest, and where. */
async function waiting(...args: string[]): Promise<PlainQemu & { readonly uri: string }> {
  const uri = `unix:${join(world.folder, 'in.sock')}`;
  return { ...(await startQemu(...BOARD, ...args, '-incoming', uri)), uri };
}

type Asked = Partial<Omit<MigrateRequest, 'uri'>>;

async function send(socket: string, uri: string, request: Asked = {}, more?: Partial<Operation>) {
  const operation = world.operation(more);
  await using vm = await openVm(socket, host, operation);
  const asked = { withDetached: false, end: false, ...request, uri: parseMigrationUri(uri, world.folder) };
  return await migrate(vm, asked, host, operation);
}

async function plug(socket: string) {
  const operation = world.operation();
  await using vm = await openVm(socket, host, operation);
  return await attach(vm, { selectors: [TABLET], port: '2' }, host, operation);
}

async function look(socket: string) {
  await using vm = await openVm(socket, host, world.operation());
  return await statusOf(vm, host, world.operation());
}

describe('two QEMUs on one machine', () => {
  test('emulated devices are carried over with their ports and ids, behind a hub too', async () => {
    await using here = await running(...KBD, ...HUB);
    await using there = await waiting(...KBD, ...HUB);
    const before = await treeOf(world, here.socket);
    expect(await look(there.socket)).toMatchObject({ run: 'inmigrate', findings: [{ code: 'awaits-guest' }] });
    const report = await send(here.socket, there.uri);
    expect(report).toMatchObject({ uri: there.uri, devices: [], ended: undefined, findings: [] });
    expect(report.transferred).toBeGreaterThan(0);
    expect([await runState(here.socket), await runState(there.socket)]).toEqual(['postmigrate', 'paused']);
    expect(await treeOf(world, there.socket)).toEqual(before);
  });

  test('a guest that never ran arrives as such; over tcp, to an IPv6 address', async () => {
    await using here = await startQemu(...BOARD, ...KBD);
    const port = await freePort();
    await using there = await startQemu(...BOARD, ...KBD, '-incoming', `tcp:[::1]:${port}`);
    await send(here.socket, `tcp:[::1]:${port}`);
    expect([await runState(here.socket), await runState(there.socket)]).toEqual(['postmigrate', 'prelaunch']);
  });

  test('what is left is told as such, takes no device, and does not go on by resume', async () => {
    await using here = await running(...KBD);
    await using there = await waiting(...KBD);
    await send(here.socket, there.uri);
    expect(await look(here.socket)).toMatchObject({ run: 'postmigrate', findings: [{ code: 'migrated-away' }] });
    expect(codes(await failing(plug(here.socket)))).toEqual(['migrated-away']);
    await using vm = await openVm(here.socket, host, world.operation());
    const request = { wait: 0, waitForAll: false };
    expect(codes(await failing(resume(vm, request, host, world.operation())))).toEqual(['migrated-away']);
    expect(codes(await failing(suspend(vm, { keep: false }, host, world.operation())))).toEqual(['not-suspendable']);
    await vm.qmp.close();
    expect(codes(await failing(send(here.socket, there.uri)))).toEqual(['not-migratable']);
  });

  test('one that waits for a guest is not resumed', async () => {
    await using there = await waiting();
    await using vm = await openVm(there.socket, host, world.operation());
    const request = { wait: 0, waitForAll: false };
    expect(codes(await failing(resume(vm, request, host, world.operation())))).toEqual(['awaits-guest']);
  });

  test('end: nothing is left here', async () => {
    await using here = await running();
    await using there = await waiting();
    const report = await send(here.socket, there.uri, { end: true });
    expect(report.ended).toBe('quit');
    await poll(() => (here.process.exitCode === null ? undefined : true), {
      interval: 20,
      signal: patience(),
    });
  });
});

describe('with a device of this host', () => {
  let here: PlainQemu;
  let proxy: QmpProxy;
  beforeEach(async () => {
    here = await running(...KBD);
    proxy = await startProxy(here.socket, standIn({ 'x.0': 1 }));
    await plug(proxy.socket);
  });
  afterEach(async () => {
    await proxy[Symbol.asyncDispose]();
    await here[Symbol.asyncDispose]();
  });

  const inPlace = async (): Promise<void> => {
    expect(await treeOf(world, here.socket)).toContain(`x.0 2 usb-tablet ${ID} 480`);
    expect(host.claims.list().map(({ device, state, worker }) => [device, state, worker])).toEqual([
      [ID, 'attached', undefined],
    ]);
    expect(host.journal.isEmpty).toBe(true);
  };
  const slowly = () => ask(here.socket, 'migrate-set-parameters', { 'max-bandwidth': 20_000 });

  test('refused, told where it sits, with both ways out; nothing is touched', async () => {
    await using there = await waiting(...KBD);
    const seen = proxy.seen.length;
    const error = await failing(send(proxy.socket, there.uri));
    expect([codes(error), error.kind]).toEqual([['migration-holds-devices'], 'refused']);
    const { where, fix } = words(error.findings[0]);
    expect(where).toMatch(/^0627:0001 .* at 1-2 \(qplug-0627-0001-1-2\) on x\.0 port 2$/);
    expect(fix).toMatch(/ --with-detached\n# .* qplug detach \S+ qplug-0627-0001-1-2$/);
    const sent = proxy.seen.slice(seen).map(({ execute }) => execute);
    expect(sent.filter((one) => /^(device_del|migrate|migrate-set.*)$/.test(one))).toEqual([]);
    await inPlace();
  });

  test('taken out first: the guest arrives without it, and it is told what the other side plugs', async () => {
    await using there = await waiting(...KBD);
    const report = await send(proxy.socket, there.uri, { withDetached: true });
    expect(report.devices).toMatchObject([{ selector: SELECTOR, bus: 'x.0', port: '2' }]);
    expect(await runState(here.socket)).toBe('postmigrate');
    expect(await treeOf(world, there.socket)).toEqual(['x.0 3 usb-kbd kbd 480']);
    expect([host.claims.list(), host.journal.isEmpty]).toEqual([[], true]);
  });

  test('one that is suspended: its devices are told too, and it is not suspended any more', async () => {
    await using there = await waiting(...KBD);
    {
      await using vm = await openVm(proxy.socket, host, world.operation());
      await suspend(vm, { keep: false }, host, world.operation());
    }
    const report = await send(proxy.socket, there.uri);
    expect(report.devices).toMatchObject([{ selector: SELECTOR, bus: 'x.0', port: '2' }]);
    expect(host.claims.suspensions.list()).toEqual([]);
  });

  test.each([
    ['nothing', 'none.sock', 'migration-nobody-listens'],
    ['a file', 'file', 'migration-nobody-listens'],
  ])('%s where somebody should listen: told before anything is touched', async (_, name, code) => {
    writeFileSync(join(world.folder, 'file'), '');
    const error = await failing(send(proxy.socket, `unix:${join(world.folder, name)}`, { withDetached: true }));
    expect(codes(error)).toEqual([code]);
    await inPlace();
  });

  test('nobody listens at a port: QEMU is quoted, the device is back, the guest runs', async () => {
    const error = await failing(send(proxy.socket, `tcp:127.0.0.1:${await freePort()}`, { withDetached: true }));
    expect([codes(error), error.kind]).toEqual([['migration-failed'], 'failed']);
    expect(words(error.findings[0]).why).toMatch(/Connection refused/);
    expect(await runState(here.socket)).toBe('running');
    await inPlace();
  });

  test('the other side lacks the keyboard and refuses: the device is back, the guest runs', async () => {
    await using there = await waiting();
    const error = await failing(send(proxy.socket, there.uri, { withDetached: true }));
    expect(codes(error)).toEqual(['migration-failed']);
    expect(await runState(here.socket)).toBe('running');
    await inPlace();
    expect(await returnPath(here.socket)).toBe(false);
  });

  test('it fails, and the host has mounted the device meanwhile: it stays with the host, and that is told', async () => {
    await using there = await waiting();
    const plain = host;
    const onProgress = (what: string): void => {
      if (what.startsWith('migration to')) {
        files = hostFiles({ ...disk(TABLET, 'sda'), ...mounted('8:1 /mnt ext4 /dev/sda1') });
      }
    };
    let files = hostFiles({});
    host = {
      ...plain,
      get files() {
        return files;
      },
    };
    const error = await failing(send(proxy.socket, there.uri, { withDetached: true }, { onProgress }));
    expect(codes(error)).toEqual(['migration-failed', 'stays-with-host']);
    expect(await treeOf(world, here.socket)).toEqual(['x.0 3 usb-kbd kbd 480']);
    expect([host.claims.list(), host.journal.isEmpty]).toEqual([[], true]);
  });

  test('the other side dies half-way: the device is back, the guest runs', async () => {
    await slowly();
    await using there = await waiting(...KBD);
    const onProgress = (what: string): void => {
      if (what.includes('% of')) there.process.kill('SIGKILL');
    };
    const error = await failing(send(proxy.socket, there.uri, { withDetached: true }, { onProgress }));
    expect(codes(error)).toEqual(['migration-failed']);
    expect(await runState(here.socket)).toBe('running');
    await inPlace();
  });

  test('given up half-way: cancelled, and the device is back', async () => {
    await slowly();
    await using there = await waiting(...KBD);
    const controller = new AbortController();
    const onProgress = (what: string): void => {
      if (what.includes('% of')) controller.abort(new Error('enough'));
    };
    const more = { signal: controller.signal, onProgress };
    const error = await failing(send(proxy.socket, there.uri, { withDetached: true }, more));
    expect(error.message).toBe('enough');
    expect(await ask(here.socket, 'query-migrate')).toMatchObject({ status: 'cancelled' });
    expect(await runState(here.socket)).toBe('running');
    await inPlace();
    expect(await returnPath(here.socket)).toBe(false);
  });

  test('the other side takes all and says nothing: cancelled at the deadline, and the device is back', async () => {
    const path = join(world.folder, 'mute.sock');
    const server = createServer((peer) => void peer.resume().on('error', () => undefined)).listen(path);
    await using _closing = closing(server);
    const error = await pastDeadline(
      3000,
      (timeout) => failing(send(proxy.socket, `unix:${path}`, { withDetached: true }, { timeout })),
      () => proxy.seen.some(({ execute }) => execute === 'migrate'),
    );
    expect([codes(error), error.kind]).toEqual([['operation-timeout'], 'timeout']);
    expect(await runState(here.socket)).toBe('running');
    await inPlace();
  });

  test('QEMU ends half-way: unreachable, and the device is the host’s', async () => {
    await slowly();
    await using there = await waiting(...KBD);
    const onProgress = (what: string): void => {
      if (what.includes('% of')) here.process.kill('SIGKILL');
    };
    const error = await failing(send(proxy.socket, there.uri, { withDetached: true }, { onProgress }));
    expect(error.kind).toBe('unreachable');
    await mend(host, world.operation());
    expect(host.claims.list()).toEqual([]);
  });

  /** What a qplug leaves that is killed when its migration has begun: its device is out. */
  async function died(uri: string): Promise<void> {
    const socket = proxy.socket;
    const [claim] = host.claims.list();
    const restore = {
      driver: 'usb-host',
      id: ID,
      bus: 'x.0',
      port: '2',
      properties: { bus: 'x.0', port: '2', hostbus: 1, hostaddr: 2 },
    };
    const gone = { target: ID, qomPath: `/machine/peripheral/${ID}` };
    const steps = [
      { do: 'remove', ...gone, label: 'tablet', restore, hostPort: TABLET },
      { do: 'migrate', uri, setsReturnPath: true, label: `migration to ${uri}` },
    ];
    const entry = host.journal.begin({ format: 1, kind: 'migrate', vm: socket, socket, steps, recover: 'undo' });
    if (claim !== undefined) host.claims.change([claim], (now) => ({ ...now, state: 'detaching', worker: DEAD }));
    entry.mark(0, 'doing');
    await ask(here.socket, 'device_del', { id: ID });
    await delay(300);
    entry.mark(0, 'done');
    entry.mark(1, 'doing');
    await ask(here.socket, 'migrate-set-capabilities', {
      capabilities: [{ capability: 'return-path', state: true }],
    });
    await ask(here.socket, 'migrate', { uri });
    entry.leave();
    for (const name of readdirSync(host.journal.folder)) {
      const dead = name.replace(`_${SELF.pid}_${SELF.startTime}_`, `_${SELF.pid}_${DEAD.startTime}_`);
      renameSync(join(host.journal.folder, name), join(host.journal.folder, dead));
    }
  }

  test('qplug was killed while it was on its way: the next one cancels it and puts the device back', async () => {
    await slowly();
    await using there = await waiting(...KBD);
    await died(there.uri);
    const findings = await mend(host, world.operation());
    expect(findings).toMatchObject([{ code: 'mended', evidence: { kind: 'migrate', outcome: 'undone' } }]);
    expect(await runState(here.socket)).toBe('running');
    await inPlace();
    expect(await returnPath(here.socket)).toBe(false);
  });

  test('qplug was killed, and the host has mounted the device meanwhile: it stays with the host, once and for all', async () => {
    await slowly();
    await using there = await waiting(...KBD);
    await died(there.uri);
    host = { ...host, files: hostFiles({ ...disk(TABLET, 'sda'), ...mounted('8:1 /mnt ext4 /dev/sda1') }) };
    const findings = await mend(host, world.operation());
    expect(findings).toMatchObject([{ code: 'mended' }, { code: 'stays-with-host', severity: 'warning' }]);
    expect(await treeOf(world, here.socket)).toEqual(['x.0 3 usb-kbd kbd 480']);
    expect([await runState(here.socket), host.claims.list(), host.journal.isEmpty]).toEqual(['running', [], true]);
  });

  test('qplug was killed and the guest arrived: the next one leaves it there, the device is the host’s', async () => {
    await using there = await waiting(...KBD);
    await died(there.uri);
    await poll(async () => ((await runState(here.socket)) === 'postmigrate' ? true : undefined), {
      interval: 50,
      signal: patience(),
    });
    const findings = await mend(host, world.operation());
    expect(findings).toMatchObject([{ code: 'mended', evidence: { kind: 'migrate', outcome: 'finished' } }]);
    expect(await treeOf(world, here.socket)).toEqual(['x.0 3 usb-kbd kbd 480']);
    expect([host.claims.list(), host.journal.isEmpty]).toEqual([[], true]);
  });
});

describe('what can not be moved', () => {
  test('emulated devices that block it are named with their ports, and nothing is touched', async () => {
    await using here = await running(
      ...['-chardev', 'null,id=c', '-device', 'usb-serial,id=line,chardev=c,bus=x.0,port=1'],
      ...['-device', 'usb-wacom-tablet,bus=x.0,port=2'],
    );
    const error = await failing(send(here.socket, 'tcp:127.0.0.1:1', { withDetached: true }));
    expect([codes(error), error.kind]).toEqual([['migration-blocked-by-devices'], 'refused']);
    const { where, fix } = words(error.findings[0]);
    expect(where).toMatch(/^usb-serial \(line\) on x\.0 port 1; usb-wacom-tablet \(\S+\) on x\.0 port 2$/);
    expect(fix).toMatch(/^qplug detach \S+ line '\/machine\/peripheral-anon\/device\[0\]'\n# or /);
  });

  test('another reason of QEMU’s is told before anything is touched', async () => {
    const memory = ['-object', 'memory-backend-ram,id=m,size=1M', '-device', 'ivshmem-plain,memdev=m,master=off'];
    await using here = await running(...memory);
    const error = await failing(send(here.socket, 'tcp:127.0.0.1:1'));
    expect([codes(error), error.kind]).toEqual([['migration-blocked'], 'refused']);
    expect(error.message).toMatch(/ivshmem/);
    expect(await runState(here.socket)).toBe('running');
  });

  test('a QEMU before 8.2 has no file:, a later one writes it', async () => {
    await using here = await running();
    const path = join(world.folder, 'guest');
    if (atLeast(systemVersion('qemu-system-x86_64'), 8, 2)) {
      await send(here.socket, `file:${path}`);
      expect(existsSync(path)).toBe(true);
    } else {
      const error = await failing(send(here.socket, `file:${path}`));
      expect([codes(error), existsSync(path)]).toEqual([['migration-file-unknown'], false]);
    }
  });

  test('which emulated devices block it is what QEMU says', async () => {
    const backends: Readonly<Record<string, readonly [string[], string]>> = {
      drive: [['-blockdev', 'driver=null-co,node-name=b'], ',drive=b'],
      chardev: [['-chardev', 'null,id=b'], ',chardev=b'],
      netdev: [['-netdev', 'hubport,hubid=0,id=b'], ',netdev=b'],
      audiodev: [['-audiodev', 'none,id=b'], ',audiodev=b'],
      rootdir: [[], `,rootdir=${world.folder}`],
      scsi: [[], ''],
      card: [[], ''],
    };
    const told: string[] = [];
    const known: string[] = [];
    for (const { driver, needs, blocksMigration } of EMULATED_MODELS) {
      const [options, given] = needs === undefined ? [[], ''] : (backends[needs] ?? [undefined, '']);
      if (options === undefined || driver === 'canokey' || driver === 'usb-redir') continue;
      await using qemu = await startQemu(...BOARD, ...options, '-device', `${driver},bus=x.0,port=1${given}`);
      const { 'blocked-reasons': reasons = [] } = (await ask(qemu.socket, 'query-migrate')) as {
        'blocked-reasons'?: string[];
      };
      if (reasons.length > 0) told.push(driver);
      if (blocksMigration) known.push(driver);
    }
    expect(known.length).toBeGreaterThan(5);
    expect(told).toEqual(known);
  });
});

async function returnPath(socket: string): Promise<boolean | undefined> {
  const all = (await ask(socket, 'query-migrate-capabilities')) as { capability: string; state: boolean }[];
  return all.find(({ capability }) => capability === 'return-path')?.state;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '::1');
  await using _closing = closing(server);
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

function closing(server: Server): AsyncDisposable {
  return { [Symbol.asyncDispose]: () => new Promise((resolve) => void server.close(() => resolve())) };
}
