import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { poll } from '../../../src/base/index.js';
import type { QplugError } from '../../../src/diag/index.js';
import { connect } from '../../../src/qmp/index.js';
import { attach, findVm, openVm, statusOf } from '../../../src/vm/index.js';
import { PATIENCE, patience } from '../../patience.js';
import { type PlainQemu, startQemu } from '../harness/plain-qemu.js';
import { makeWorld, type World } from '../harness/vm-world.js';

let world: World;
beforeEach(() => {
  world = makeWorld();
});
afterEach(() => world[Symbol.dispose]());

const failing = (work: Promise<unknown>): Promise<QplugError> =>
  work.then(
    () => expect.fail('it went through'),
    (error) => error,
  );

const open = (word: string) => openVm(word, world.host, { ...world.operation(), timeout: PATIENCE });

/** A QEMU in namespaces of its own, as a container has them; `ready`: a file that it makes when its monitors listen. */
async function startApart(...monitors: readonly string[]): Promise<{ readonly pid: number } & AsyncDisposable> {
  const ready = join(world.folder, `apart-${performance.now()}.pid`);
  const script = 'ip link set lo up; mount -t tmpfs tmpfs /mnt; exec "$@"';
  const qemu = ['qemu-system-x86_64', '-M', 'pc,accel=tcg', '-m', '32', '-nodefaults', '-display', 'none', '-S'];
  const child = spawn(
    'unshare',
    [
      ...['--mount', '--net', '--pid', '--fork', '--kill-child', 'sh', '-c', script, 'sh', ...qemu],
      ...['-device', 'qemu-xhci,id=xhci', ...monitors, '-pidfile', ready],
    ],
    { stdio: ['ignore', 'ignore', 'inherit'], env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' } },
  );
  const exists = (): true | undefined => {
    try {
      return readFileSync(ready, 'latin1').endsWith('\n') || undefined;
    } catch {
      return undefined;
    }
  };
  await poll(exists, { interval: 10, signal: patience() });
  const [pid = 0] = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'latin1')
    .trim()
    .split(' ')
    .map(Number);
  return {
    pid,
    async [Symbol.asyncDispose]() {
      const over = once(child, 'exit');
      child.kill('SIGKILL');
      await over;
    },
  };
}

/** Attaches a tablet by the word, and reads it back. @returns the pid that the kernel names for the VM */
async function attachTablet(word: string): Promise<number | undefined> {
  await using vm = await open(word);
  await attach(vm, { selectors: [], emulated: ['usb-tablet'] }, world.host, world.operation());
  const { topology } = await statusOf(vm, world.host, world.operation());
  expect(topology.controllers.flatMap(({ devices }) => devices.map(({ driver }) => driver))).toEqual(['usb-tablet']);
  return vm.process?.pid;
}

test('by the port of its monitor: the kernel says which process it is', async () => {
  await using other = await startQemu('-M', 'none', '-qmp', 'tcp:127.0.0.1:0,server=on,wait=off');
  const port = await portOf(other);
  await using vm = await open(`tcp:127.0.0.1:${port}`);
  expect(vm.process?.pid).toBe(other.process.pid);
  expect(vm.name).toBe(`tcp:127.0.0.1:${port}`);
});

test('by its process: in namespaces of its own, its socket is only in its own root', async () => {
  await using apart = await startApart('-qmp', 'unix:/mnt/vm.qmp,server=on,wait=off');
  expect(await attachTablet(`pid:${apart.pid}`)).toBe(apart.pid);
});

test('by its process: its port is only in its own network', async () => {
  await using apart = await startApart('-qmp', 'tcp:0.0.0.0:4444,server=on,wait=off');
  expect(await attachTablet(`pid:${apart.pid}`)).toBe(apart.pid);
});

test('a monitor that another client holds is the last choice', async () => {
  await using apart = await startApart(
    ...['-qmp', 'unix:/mnt/one.qmp,server=on,wait=off', '-qmp', 'unix:/mnt/two.qmp,server=on,wait=off'],
  );
  const first = await findVm(`pid:${apart.pid}`, world.host);
  expect(first.socket).toBe(`/proc/${apart.pid}/root/mnt/one.qmp`);
  await using _held = await open(first.socket);
  expect((await findVm(`pid:${apart.pid}`, world.host)).socket).toBe(`/proc/${apart.pid}/root/mnt/two.qmp`);
});

test('a QEMU without a QMP monitor, a process that is none, and none at all: each is said', async () => {
  await using apart = await startApart('-monitor', 'unix:/mnt/hmp,server=on,wait=off');
  const error = await failing(open(`pid:${apart.pid}`));
  expect(error.code).toBe('qemu-without-monitor');
  expect((await failing(open(`pid:${process.pid}`))).code).toBe('no-qemu-process');
  expect((await failing(open('pid:4194303'))).code).toBe('no-qemu-process');
});

test('a port where something else answers, and one where nobody does', async () => {
  const server = createServer((socket) => void socket.on('error', () => undefined).write('SSH-2.0-\u001b[31m\r\n'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  expect((await failing(open(`tcp:127.0.0.1:${port}`))).code).toBe('qmp-not-qmp');
  server.close();
  await once(server, 'close');
  expect((await failing(open(`tcp:127.0.0.1:${port}`))).code).toBe('qmp-refused');
});

/** The port on which a QEMU waits for clients, as it says itself. */
async function portOf({ socket }: PlainQemu): Promise<number> {
  await using qmp = await connect({ path: socket });
  const all = await qmp.execute('query-chardev');
  const [port] = all.flatMap(({ filename }) => /tcp:127\.0\.0\.1:(\d+)/.exec(filename)?.[1] ?? []);
  return Number(port);
}
