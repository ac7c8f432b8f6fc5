import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { QplugError } from '../../../src/diag/index.js';
import { connect } from '../../../src/qmp/index.js';
import { findVm, openVm, statusOf } from '../../../src/vm/index.js';
import { PATIENCE } from '../../patience.js';
import { bundledQplug } from '../harness/bundled-qplug.js';
import { startQemu } from '../harness/plain-qemu.js';
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

const open = (socket: string, timeout = PATIENCE) => openVm(socket, world.host, { ...world.operation(), timeout });

const said = ({ code, kind }: QplugError): string[] => [code, kind];

async function serve(path: string, greeting: string): Promise<Server & AsyncDisposable> {
  const server = createServer((socket) => void socket.on('error', () => undefined).write(greeting));
  server.listen(path);
  await once(server, 'listening');
  return server;
}

test('a socket that another client holds: qmp-busy, at the deadline and not before', async () => {
  await using qemu = await startQemu('-machine', 'none');
  await using _holder = await connect({ path: qemu.socket });
  const begun = performance.now();
  expect(said(await failing(open(qemu.socket, 700)))).toEqual(['qmp-busy', 'unreachable']);
  expect(performance.now() - begun).toBeGreaterThan(600);
});

test('eight at once: each gets its turn, also those that the kernel turned away', async () => {
  await using qemu = await startQemu('-machine', 'none');
  const runs = await Promise.all(
    Array.from({ length: 8 }, async () => {
      await using vm = await open(qemu.socket);
      return (await statusOf(vm, world.host, world.operation())).run;
    }),
  );
  expect(runs).toEqual(Array.from({ length: 8 }, () => 'prelaunch'));
});

test('a socket that speaks something else: qmp-not-qmp quotes it, escaped', async () => {
  const path = join(world.folder, 'other.sock');
  await using _server = await serve(path, 'HELLO \u001b[31m\n');
  const error = await failing(open(path));
  expect(said(error)).toEqual(['qmp-not-qmp', 'unreachable']);
  expect(error.message).toContain('HELLO \\x1b[31m');
});

test('a socket that says nothing at all: qmp-busy at the deadline', async () => {
  const path = join(world.folder, 'mute.sock');
  await using _server = await serve(path, '');
  expect(said(await failing(open(path, 400)))).toEqual(['qmp-busy', 'unreachable']);
});

test('no such socket', async () => {
  expect(said(await failing(open(join(world.folder, 'none.sock'))))).toEqual(['qmp-no-socket', 'not-found']);
});

test('a folder, and a path that no path can be', async () => {
  expect((await failing(open(`${world.folder}/`))).kind).toBe('unreachable');
  expect((await failing(open('/a\0b'))).kind).toBe('not-found');
  expect((await failing(open(`/${'x'.repeat(5000)}`))).kind).toBe('usage');
});

/** Runs qplug as a root to whom modes of files apply, as they do to everybody else. @returns its exit code, and the codes it tells */
async function unprivileged(main: string, path: string): Promise<unknown[]> {
  const less = process.getuid?.() === 0 ? ['--bounding-set=-dac_override,-dac_read_search', '--inh-caps=-all'] : [];
  const env = { ...process.env, QPLUG_RUNTIME_DIR: world.folder, QPLUG_STATE_DIR: world.folder };
  const child = spawn('setpriv', [...less, process.execPath, main, 'status', path, '--json'], { env });
  let out = '';
  child.stdout.on('data', (text) => {
    out += String(text);
  });
  const [code] = await once(child, 'close');
  return [code, ...(JSON.parse(out) as { findings: { code: string }[] }).findings.map((one) => one.code)];
}

test('a socket without the right to it, and one in a closed folder: qmp-permission', async () => {
  chmodSync(world.folder, 0o755);
  const shut = join(world.folder, 'shut');
  mkdirSync(shut);
  const path = join(world.folder, 'closed.sock');
  await using _server = await serve(path, '');
  await using _other = await serve(join(shut, 'qmp'), '');
  chmodSync(path, 0);
  chmodSync(shut, 0);
  const main = await bundledQplug(world.folder);
  for (const one of [path, join(shut, 'qmp')]) expect(await unprivileged(main, one)).toEqual([8, 'qmp-permission']);
  chmodSync(shut, 0o755);
});

test('an abort while it waits for the socket: its reason, at once', async () => {
  await using qemu = await startQemu('-machine', 'none');
  await using _holder = await connect({ path: qemu.socket });
  const signal = AbortSignal.timeout(100);
  const error = await failing(openVm(qemu.socket, world.host, { signal, timeout: PATIENCE }));
  expect(error).toBe(signal.reason);
});

test('a name that nobody has: vm-not-found', async () => {
  expect(said(await failing(findVm('bench', world.host)))).toEqual(['vm-not-found', 'not-found']);
  expect(said(await failing(findVm('..', world.host)))).toEqual(['vm-not-found', 'not-found']);
});

test('a VM file whose VM does not run: vm-not-found; a broken one: what is wrong in it', async () => {
  const file = world.file('bench.yaml', 'memory: 64M\n');
  expect(said(await failing(findVm(file, world.host)))).toEqual(['vm-not-found', 'not-found']);
  const broken = world.file('broken.yaml', 'memry: 64M\n');
  expect((await failing(findVm(broken, world.host))).kind).toBe('usage');
});
