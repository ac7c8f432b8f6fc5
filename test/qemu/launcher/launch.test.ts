import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createConnection, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { identifyProcess, isAlive, poll } from '../../../src/base/index.js';
import { parseVmFile } from '../../../src/config/index.js';
import {
  argvArray,
  buildArgv,
  chooseControllers,
  endProcess,
  growControllers,
  preflight,
  type QemuProcess,
  runtimePaths,
  startQemu,
} from '../../../src/launcher/index.js';
import { parseQemuVersion } from '../../../src/qdev/index.js';
import { goldenArgv, goldens, readGolden } from '../../golden/golden.js';
import { patience } from '../../patience.js';
import { writeEmptyImage } from '../harness/empty-image.js';

const { PATH } = process.env;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'qplug-launcher-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Sends QMP commands one after the other and returns their answers, errors included. */
async function ask(path: string, ...commands: { execute: string; arguments?: object }[]): Promise<unknown[]> {
  const socket = await poll(() => tryConnect(path), { interval: 20, signal: patience() });
  const answers: unknown[] = [];
  const lines = createInterface({ input: socket });
  const queue = [{ execute: 'qmp_capabilities' }, ...commands];
  for await (const line of lines) {
    const message = JSON.parse(line) as { return?: unknown; error?: { desc: string }; event?: string };
    if (message.event !== undefined) continue;
    answers.push(message.error?.desc ?? message.return);
    const next = queue.shift();
    if (next === undefined) break;
    socket.write(`${JSON.stringify(next)}\n`);
  }
  socket.destroy();
  return answers.slice(2);
}

function tryConnect(path: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = createConnection(path);
    socket.once('connect', () => resolve(socket));
    socket.once('error', () => resolve(undefined));
  });
}

const good = goldens.filter(({ finds }) => finds.length === 0);

describe('command lines of the golden files', () => {
  test.each(good)('$file: QEMU takes it, waits paused, and has every controller', async (golden) => {
    const vm = await readGolden(golden, join(folder, golden.file));
    const drives = [...vm.drives, ...vm.usb.devices.flatMap((wish) => (wish.kind === 'emulated' && wish.drive) || [])];
    for (const { file, format } of drives) writeEmptyImage(file, format);
    const paths = runtimePaths(folder, vm.name);
    await mkdir(paths.folder, { recursive: true });
    const version = parseQemuVersion('version 7.2.22');
    const options = goldenArgv(vm, version ?? golden.version, folder);
    const controllers = chooseControllers(vm);

    const args = argvArray(vm.qemu.binary, options).slice(1);
    await using qemu = await startQemu({ binary: vm.qemu.binary, args, logFile: paths.log });
    const types = controllers.map(({ id }) => ({
      execute: 'qom-get',
      arguments: { path: `/machine/peripheral/${id}`, property: 'type' },
    }));
    const answers = await Promise.race([ask(paths.qplugSocket, { execute: 'query-status' }, ...types), failed(qemu)]);
    expect(answers[0]).toMatchObject({ status: 'prelaunch', running: false });
    expect(answers.slice(1)).toEqual(controllers.map(({ model }) => model));
    expect(await ask(paths.ownerSocket, { execute: 'query-name' })).toEqual([{ name: vm.name }]);
    await ask(paths.qplugSocket, { execute: 'quit' });
    expect(await qemu.exited).toEqual({ code: 0, signal: null });
  });
});

/** Ends a wait for QMP when QEMU gives up, with what it said. */
async function failed(qemu: QemuProcess): Promise<never> {
  const { code, signal } = await qemu.exited;
  throw new Error(`QEMU ended with ${code ?? signal}: ${(await qemu.lastLines(10)).join('\n')}`);
}

describe('key=value spelling', () => {
  test('the command line for an old QEMU starts on this one too, in the order it is written', async () => {
    const golden = goldens.find(({ file }) => file === 'old-qemu.yaml');
    const vm = await readGolden(golden!, join(folder, 'old'));
    for (const { file, format } of vm.drives) writeEmptyImage(file, format);
    const paths = runtimePaths(folder, 'old-kv');
    await mkdir(paths.folder, { recursive: true });
    const args = argvArray('', goldenArgv({ ...vm, name: 'old-kv' }, golden!.version, folder)).slice(1);
    expect(args).toContain('qemu-xhci,id=xhci,bus=pcie.0,addr=10.0,p2=15,p3=15');
    await using qemu = await startQemu({ binary: vm.qemu.binary, args, logFile: paths.log });
    const [port] = await Promise.race([
      ask(paths.qplugSocket, {
        execute: 'qom-get',
        arguments: { path: '/machine/peripheral/usb-mouse', property: 'port' },
      }),
      failed(qemu),
    ]);
    expect(port).toBe('3');
  });
});

describe('growth', () => {
  test('all controllers that a plan may add at start fit beside a default q35', async () => {
    const vm = await parseVmFile('{name: grow, accel: [tcg]}', join(folder, 'grow.yaml'));
    const paths = runtimePaths(folder, 'grow');
    await mkdir(paths.folder, { recursive: true });
    const more = growControllers(vm, chooseControllers(vm));
    const version = parseQemuVersion('version 7.2.22')!;
    const controllers = [...chooseControllers(vm), ...more];
    const options = buildArgv({ vm, version, paths, controllers, hubs: [], emulated: [], paused: true });
    const args = argvArray('', options).slice(1);
    await using qemu = await startQemu({ binary: vm.qemu.binary, args, logFile: paths.log });
    const spare = { driver: 'qemu-xhci', id: 'live', bus: 'qplug-port2' };
    const answers = await Promise.race([
      ask(
        paths.qplugSocket,
        { execute: 'qom-get', arguments: { path: '/machine/peripheral/qplug-xhci4', property: 'p3' } },
        { execute: 'device_add', arguments: spare },
      ),
      failed(qemu),
    ]);
    expect(answers).toEqual([15, {}]);
  });
});

describe('a QEMU that fails', () => {
  test('its exit and its last words are known', async () => {
    const logFile = join(folder, 'bad.log');
    writeFileSync(logFile, 'of an earlier run\n');
    await using qemu = await startQemu({ binary: 'qemu-system-x86_64', args: ['-machine', 'q53\u001b[31m'], logFile });
    expect(await qemu.exited).toEqual({ code: 1, signal: null });
    const lines = await qemu.lastLines(5);
    expect(lines.join('\n')).toContain('unsupported machine type');
    expect(lines.join('\n')).not.toContain('earlier');
    expect(lines.join('\n')).not.toContain('\u001b');
    expect(readFileSync(logFile, 'utf8')).not.toContain('earlier');
  });

  test('ending it by signals reports SIGTERM, and its identity is gone', async () => {
    const logFile = join(folder, 'end.log');
    const args = ['-S', '-display', 'none', '-accel', 'tcg'];
    await using qemu = await startQemu({ binary: 'qemu-system-x86_64', args, logFile });
    const identity = identifyProcess(qemu.pid)!;
    const steps: string[] = [];
    const outcome = await endProcess(identity, { onStep: ({ signal }) => steps.push(signal) });
    expect(outcome.by).toBe('SIGTERM');
    expect(steps).toEqual(['SIGTERM']);
    expect(isAlive(identity)).toBe(false);
  });
});

describe('preflight with the real QEMU', () => {
  test('a sound VM has nothing in the way, and the version is told', async () => {
    const vm = await parseVmFile('{machine: pc, usb: {devices: [0781:5567]}}', join(folder, 'fine.yaml'));
    const { findings, version, binary } = await preflight({ vm, searchPath: String(PATH) });
    expect(findings).toEqual([]);
    expect(version?.major).toBeGreaterThanOrEqual(5);
    expect(binary).toMatch(/\/qemu-system-x86_64$/);
  });

  test('a machine that this QEMU does not have is told with the nearest, at its line', async () => {
    const vm = await parseVmFile('name: x\nmachine: pc-q35-7.22\n', join(folder, 'machine.yaml'));
    const { findings } = await preflight({ vm, searchPath: String(PATH) });
    expect(findings).toMatchObject([
      { code: 'qemu-no-machine', evidence: { nearest: 'pc-q35-7.2' }, location: { line: 2, column: 10 } },
    ]);
  });
});
