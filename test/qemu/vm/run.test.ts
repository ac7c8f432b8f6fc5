import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { identifyProcess } from '../../../src/base/index.js';
import type { QplugError } from '../../../src/diag/index.js';
import { VmRegistry } from '../../../src/registry/index.js';
import {
  findVm,
  killVm,
  listVms,
  type Operation,
  openVm,
  type RunningVm,
  runVm,
  shutdownVm,
  statusOf,
  stayWith,
} from '../../../src/vm/index.js';
import { pastDeadline } from '../../patience.js';
import { StartedVms } from '../harness/started-vms.js';
import { processesOf, stateLeft, treeOf, type World } from '../harness/vm-world.js';

let vms: StartedVms;
let world: World;
beforeEach(() => {
  vms = new StartedVms();
  world = vms.world;
});
afterEach(() => vms[Symbol.asyncDispose]());

const start = (text: string, more: Partial<Operation> = {}, wait = 0): Promise<RunningVm> =>
  vms.start(text, { wait }, more);

const failing = (work: Promise<unknown>): Promise<QplugError> =>
  work.then(
    () => expect.fail('it went through'),
    (error) => error,
  );

const codes = (error: QplugError): string[] => error.findings.map(({ code }) => code);

const TABLET = 'accel: [tcg]\nmemory: 64M\nusb: { devices: [{ emulated: usb-tablet, id: t }] }\n';
const PLAIN = 'accel: [tcg]\nmemory: 64M\n';

async function kill(name = 'bench') {
  return await killVm(await findVm(name, world.host), world.host, world.operation());
}

describe('from file to a verified VM and back', () => {
  test.each(['pc', 'q35', 'microvm'])('%s: runs with its devices where the plan says', async (machine) => {
    const vm = await start(`machine: ${machine}\n${TABLET}`);
    expect(vm.paused).toBe(false);
    const [device] = vm.devices;
    await using open = await openVm('bench', world.host, world.operation());
    const { run, devices, findings } = await statusOf(open, world.host, world.operation());
    expect([run, findings]).toEqual(['running', []]);
    expect(devices).toMatchObject([{ bus: device?.bus, state: 'emulated', device: { id: 't', port: device?.port } }]);
    await open.qmp.close();
    expect(await kill()).toMatchObject({ by: 'quit', findings: [] });
    expect(stateLeft(world)).toEqual([]);
  });

  test('its folder is closed to others, its record tells who it is, and list and both sockets know it', async () => {
    const { record } = await start(TABLET);
    expect(statSync(world.host.registry.folderOf('bench')).mode & 0o777).toBe(0o700);
    expect(record.qemu).toEqual(identifyProcess(record.qemu?.pid ?? 0));
    expect(listVms(world.host)).toEqual({ vms: [record], findings: [] });
    expect((await findVm(record.sockets.owner, world.host)).name).toBe('bench');
    expect((await findVm(record.file, world.host)).record).toEqual(record);
    expect(await treeOf(world, record.sockets.owner)).toEqual(['xhci.0 1 usb-tablet t 480']);
    await kill();
  });

  test('-S in its arguments: it stays paused', async () => {
    const vm = await start(`${PLAIN}qemu: { args: [-S] }\n`);
    expect(vm.paused).toBe(true);
    await using open = await openVm('bench', world.host, world.operation());
    expect((await open.qmp.execute('query-status')).status).toBe('prelaunch');
    expect((await failing(shutdownVm(open, world.host, world.operation()))).code).toBe('shutdown-ignored');
  });

  test('hubs of the file, the inner one written first: made from the outside in', async () => {
    await start(
      `${PLAIN}machine: pc
usb:
  controllers: [{ id: x, model: qemu-xhci, ports: 2 }]
  hubs:
    - { id: inner, controller: x, port: 1.1, ports: 2 }
    - { id: outer, controller: x, port: 1, ports: 2 }
  devices: [{ emulated: usb-mouse, id: m, controller: x, port: 1.1.1, slower: allow }]
`,
    );
    expect(await treeOf(world, world.host.registry.read('bench')?.sockets.owner ?? '')).toEqual(
      expect.arrayContaining(['x.0 1 usb-hub outer 12', 'x.0 1.1 usb-hub inner 12', 'x.0 1.1.1 usb-mouse m 12']),
    );
  });
});

describe('the end', () => {
  test('a guest that ignores the power button: shutdown-timeout, and it goes on', async () => {
    await start(TABLET);
    await using open = await openVm('bench', world.host, world.operation());
    const error = await pastDeadline(
      400,
      (timeout) => failing(shutdownVm(open, world.host, world.operation({ timeout }))),
      ({ code }) => code === 'shutdown-timeout',
    );
    expect([error.code, error.kind]).toEqual(['shutdown-timeout', 'timeout']);
    expect((await open.qmp.execute('query-status')).status).toBe('running');
  });

  test('a QEMU that was stopped by a signal: killed all the same', async () => {
    const { record } = await start(TABLET);
    process.kill(record.qemu?.pid ?? 0, 'SIGSTOP');
    expect((await kill()).by).toBe('SIGKILL');
    expect(stateLeft(world)).toEqual([]);
  });

  test('in the foreground: told to stop, it goes through the ladder, and hands on all that QEMU wrote', async () => {
    const vm = await start(`${TABLET}qemu: { args: [-trace, usb_port_attach] }\n`);
    const controller = new AbortController();
    const log: string[] = [];
    const staying = stayWith(vm, world.host, {
      signal: controller.signal,
      onProgress: (what) => void world.told.push(what),
      onLog: (text) => void log.push(text),
    });
    await using open = await openVm('bench', world.host, world.operation());
    await open.qmp.execute('stop');
    await open.qmp.close();
    controller.abort(new Error('interrupted'));
    expect((await failing(staying)).message).toBe('interrupted');
    expect(world.told.slice(-2)).toEqual(['the guest did not power off', 'quit']);
    expect(log.join('')).toContain('usb_port_attach');
    expect(stateLeft(world)).toEqual([]);
  });

  test('in the foreground: killed by somebody else, which is told with the signal', async () => {
    const vm = await start(TABLET);
    const options = { signal: new AbortController().signal, onProgress: () => undefined, onLog: () => undefined };
    const staying = stayWith(vm, world.host, options);
    process.kill(vm.process.pid, 'SIGKILL');
    const error = await failing(staying);
    expect(error.findings).toMatchObject([{ code: 'qemu-ended', evidence: { signal: 'SIGKILL' } }]);
    expect(stateLeft(world)).toEqual([]);
  });

  test('in the foreground: quit from outside is a good end', async () => {
    const vm = await start(TABLET);
    const options = { signal: new AbortController().signal, onProgress: () => undefined, onLog: () => undefined };
    const staying = stayWith(vm, world.host, options);
    await kill();
    expect(await staying).toEqual([]);
  });

  test('killed behind our back: list forgets it once', async () => {
    const vm = await start(TABLET);
    process.kill(vm.process.pid, 'SIGKILL');
    await vm.process.exited;
    expect(listVms(world.host)).toMatchObject({ vms: [], findings: [{ code: 'vm-forgotten' }] });
    expect(listVms(world.host).findings).toEqual([]);
    expect(stateLeft(world)).toEqual([]);
  });
});

describe('what keeps it from starting leaves nothing behind', () => {
  afterEach(() => {
    expect(processesOf(world)).toEqual([]);
  });

  test('QEMU that exits at once: its last lines are told', async () => {
    const error = await failing(start(`${PLAIN}qemu: { args: [-nosuchoption] }\n`));
    expect(error.findings[0]).toMatchObject({ code: 'qemu-ended', evidence: { code: 1 } });
    expect(error.message).toContain('invalid option');
    expect(stateLeft(world)).toEqual([]);
  });

  test('QEMU that fails at a device, when its sockets answer already', async () => {
    const error = await failing(start(`${PLAIN}qemu: { args: [-device, nosuchdevice] }\n`));
    expect(codes(error)).toEqual(['qemu-ended']);
    expect(error.message).toContain('nosuchdevice');
    expect(stateLeft(world)).toEqual([]);
  });

  test('QEMU that is not there', async () => {
    const error = await failing(start(`${PLAIN}qemu: { binary: qemu-system-nowhere }\n`));
    expect(codes(error)).toContain('qemu-missing');
    expect(stateLeft(world)).toEqual([]);
  });

  test('a QEMU that never answers: start-timeout, and it is ended', async () => {
    const fake = world.file(
      'qemu-fake',
      `#!/bin/sh\ncase "$*" in *-qmp*) echo waiting; exec sleep 600;; *) exec qemu-system-x86_64 "$@";; esac\n`,
    );
    chmodSync(fake, 0o755);
    const error = await pastDeadline(
      2500,
      (timeout) => failing(start(`${PLAIN}qemu: { binary: ${fake} }\n`, { timeout })),
      ({ message }) => message.includes('waiting'),
    );
    expect([codes(error), error.kind]).toEqual([['start-timeout'], 'timeout']);
    expect(error.message).toContain('waiting');
    expect(stateLeft(world)).toEqual([]);
  });

  test('a VM file with five mistakes: all are told at once, with their lines', async () => {
    const text = 'memry: 64M\ncpus: many\nusb:\n  devices: ["@x"]\n  grow: [hub]\nqemu: { args: [-m, 64M] }\n';
    const error = await failing(start(text));
    expect(error.kind).toBe('usage');
    expect(error.findings.map(({ location }) => location?.line)).toEqual([1, 2, 4, 5, 6]);
    expect(stateLeft(world)).toEqual([]);
  });

  test.each([
    [
      'a hub on an EHCI without companions',
      'controllers: [{ id: e, model: usb-ehci }], hubs: [{ id: h, controller: e, port: 1 }]',
    ],
    [
      'one port for two devices',
      'controllers: [{ id: x, model: qemu-xhci }], devices: [{ emulated: usb-mouse, controller: x, port: 1 }, { emulated: usb-kbd, controller: x, port: 1 }]',
    ],
    [
      'a port that the controller does not have',
      'controllers: [{ id: x, model: qemu-xhci, ports: 2 }], devices: [{ emulated: usb-mouse, controller: x, port: 3 }]',
    ],
    [
      'more devices than ports, and nothing may be added',
      'controllers: [{ model: piix3-usb-uhci }], grow: [], devices: [{ emulated: usb-ccid }, { emulated: usb-ccid }, { emulated: usb-ccid }]',
    ],
  ])('%s: refused with its line, before anything is started', async (_, usb) => {
    const error = await failing(start(`${PLAIN}usb: { ${usb} }\n`));
    expect(['usage', 'no-plan']).toContain(error.kind);
    expect(error.findings[0].location).toMatchObject({ line: 3 });
    expect([world.told, stateLeft(world)]).toEqual([[], []]);
  });

  test('a mandatory device that is missing: nothing is started, not even for the optional one', async () => {
    const error = await failing(
      start(`${PLAIN}usb: { devices: [{ select: "0781:5567", when-missing: fail }, "08e6:4433"] }\n`),
    );
    expect(error.findings[0]).toMatchObject({ code: 'device-missing', severity: 'error', location: { line: 3 } });
    expect(error.kind).toBe('not-found');
    expect(world.told).toEqual([]);
  });

  test('a device that is waited for and does not come: timeout, where it stands in the file', async () => {
    const text = `${PLAIN}usb: { devices: [{ select: "0781:5567", when-missing: wait }] }\n`;
    const error = await failing(start(text, {}, 300));
    expect([codes(error), error.kind]).toEqual([['device-wait-timeout'], 'timeout']);
    expect(error.findings[0].location).toMatchObject({ line: 3 });
    expect(stateLeft(world)).toEqual([]);
  });

  test('an abort while QEMU starts: the reason, and QEMU is ended', async () => {
    const controller = new AbortController();
    const onProgress = (what: string): void => {
      world.told.push(what);
      if (what.startsWith('start')) setTimeout(() => controller.abort(new Error('enough')), 15);
    };
    const error = await failing(start(TABLET, { signal: controller.signal, onProgress }));
    expect(error.message).toBe('enough');
    expect(stateLeft(world)).toEqual([]);
  });

  test('a state folder that is a file', async () => {
    world.file('run', '');
    const error = await failing(start(TABLET));
    expect([codes(error), error.kind]).toEqual([['state-write-failed'], 'failed']);
  });
});

test('an optional device that is missing: told as a warning, and the VM runs', async () => {
  const vm = await start(`${PLAIN}usb: { devices: ["0781:5567"] }\n`);
  expect(vm.findings).toMatchObject([{ code: 'device-missing', severity: 'warning' }]);
  expect(vm.devices).toEqual([]);
});

test('two at once with one name: one runs, the other is told who has it', async () => {
  const outcomes = await Promise.allSettled([start(TABLET), start(TABLET)]);
  expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  const [lost] = outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
  expect([codes(lost), lost.kind]).toEqual([['vm-exists'], 'refused']);
  expect(await treeOf(world, world.host.registry.read('bench')?.sockets.qplug ?? '')).toHaveLength(1);
});

test('what is left of a dead VM of that name gives way', async () => {
  const first = await start(TABLET);
  process.kill(first.process.pid, 'SIGKILL');
  await first.process.exited;
  expect(existsSync(first.record.sockets.qplug)).toBe(true);
  const second = await start(TABLET);
  expect(second.record.qemu?.pid).not.toBe(first.record.qemu?.pid);
  expect(await treeOf(world, 'bench')).toHaveLength(1);
});

describe('a disk that is full', () => {
  let mount: string;
  beforeEach(() => {
    mount = join(world.folder, 'full');
    mkdirSync(mount);
  });
  afterEach(() => execFileSync('umount', [mount]));

  test.each([
    ['has no page for the record', '-osize=4k,nr_inodes=20', ['state-write-failed']],
    ['has no inode for the log', '-osize=64k,nr_inodes=6', ['qemu-not-started']],
    ['has no inode for the pipe of the log', '-osize=64k,nr_inodes=7', ['qemu-not-started']],
    ['has no inode for the start mark', '-osize=64k,nr_inodes=8', ['qemu-not-started']],
    // the kernel may free the first record's inode in time; then QEMU has none for its socket, and says so
    ['has no inode for the second record', '-osize=64k,nr_inodes=9', ['state-write-failed', 'qemu-ended']],
  ])('that %s: told, and nothing is left', async (_, size, expected) => {
    execFileSync('mount', ['-t', 'tmpfs', size, 'none', mount]);
    execFileSync('sh', ['-c', `test ${size.includes('4k,')} = false || head -c 4096 /dev/zero > ${mount}/fill`]);
    const host = { ...world.host, registry: new VmRegistry(join(mount, 'run')) };
    const path = world.file('bench.yaml', PLAIN);
    const error = await failing(runVm({ path, wait: 0 }, host, world.operation()));
    expect(expected).toContain(codes(error).join());
    expect(error.message).toMatch(/ENOSPC|No space left/);
    expect(stateLeft({ ...world, host })).toEqual([]);
    expect(processesOf(world)).toEqual([]);
  });
});

test('the log of a running VM is closed to others', async () => {
  const { record } = await start(PLAIN);
  expect(statSync(record.log).mode & 0o777).toBe(0o600);
  expect(readFileSync(record.log, 'utf8')).toBe('');
});
