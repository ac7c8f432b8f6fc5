import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { poll } from '../../../src/base/index.js';
import { connect } from '../../../src/qmp/index.js';
import { bundledQplug } from '../../bundled-qplug.js';
import { PATIENCE, patience } from '../../patience.js';
import { type PlainQemu, startQemu } from '../harness/plain-qemu.js';

/** Changes of a real VM by a qplug whose output can't be written, is read by nobody, or that lacks something of the system. */

const folder = mkdtempSync(join(tmpdir(), 'qplug-output-'));
const runtime = join(folder, 'run');
const env = { ...process.env, QPLUG_RUNTIME_DIR: runtime, QPLUG_STATE_DIR: join(folder, 'state'), NO_COLOR: '1' };
const started: ChildProcess[] = [];
let main: string;
let qemu: PlainQemu;

beforeAll(async () => {
  main = await bundledQplug(folder);
  qemu = await startQemu('-machine', 'pc', '-accel', 'tcg', '-device', 'qemu-xhci,id=xhci');
});
afterAll(async () => {
  for (const child of started) child.kill('SIGKILL');
  await qemu?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

/** @param shell - what a shell does with `"$@"`, which is the command line */
function inShell(shell: string, ...words: readonly string[]): ChildProcess {
  const child = spawn('bash', ['-c', shell, 'bash', process.execPath, main, ...words], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started.push(child);
  return child;
}

async function ended(child: ChildProcess): Promise<{ exit: number | string; out: string; err: string }> {
  let [out, err] = ['', ''];
  child.stdout?.on('data', (chunk) => {
    out += String(chunk);
  });
  child.stderr?.on('data', (chunk) => {
    err += String(chunk);
  });
  const [code, signal] = await once(child, 'close');
  return { exit: code ?? signal, out, err };
}

/** @returns the ids of the devices that QEMU has now */
async function devices(): Promise<string[]> {
  await using qmp = await connect({ path: qemu.socket }, { timeout: PATIENCE });
  const children = await qmp.execute('qom-list', { path: '/machine/peripheral' });
  return children.flatMap(({ name, type }) => (type === 'child<usb-tablet>' ? [name] : [])).sort();
}

/** Whether no transaction is open: none cut off, none left. */
function isSettled(): boolean {
  const journal = join(folder, 'state/journal');
  return !existsSync(journal) || !readdirSync(journal).some((name) => name.endsWith('.jsonl'));
}

const attach = (): string[] => ['attach', qemu.socket, '--emulated', 'usb-tablet', '--verbose'];

test.each([
  ['>/dev/full', 1],
  ['2>/dev/full', 1],
  ['>/dev/full 2>&1', 1],
  ['>&- 2>&-', 0],
  ['2> >(exit)', 0],
  ['> >(exit) 2>&1', 0],
])('a device is attached and detached with %s, and nothing is left half done', async (output, exit) => {
  const before = await devices();
  const plugged = await ended(inShell(`exec "$@" ${output}`, ...attach()));
  expect(plugged.exit).toBe(exit);
  expect(plugged.out + plugged.err).not.toMatch(/^\s+at .*[:(]/m);
  const now = (await devices()).filter((id) => !before.includes(id));
  expect([now.length, isSettled()]).toEqual([1, true]);
  expect((await ended(inShell(`exec "$@" ${output}`, 'detach', qemu.socket, now[0] ?? '', '--verbose'))).exit).toBe(
    exit,
  );
  expect([await devices(), isSettled()]).toEqual([before, true]);
});

test('a reader that takes nothing holds up no transaction, only the last words', async () => {
  const pipe = join(folder, 'stuck');
  execFileSync('mkfifo', [pipe]);
  await using stuck = await open(pipe, 'r+');
  // as much as it holds, so that not one more byte is taken
  const bytes = Buffer.alloc(65_536);
  await stuck.write(bytes);
  const child = inShell(`exec "$@" >${pipe} 2>&1`, ...attach());
  const end = once(child, 'close');
  const id = await poll(async () => (isSettled() ? (await devices())[0] : undefined), {
    interval: 100,
    signal: patience(),
  });
  expect([id, child.exitCode]).toEqual([expect.any(String), null]);
  // nothing of it is held by who only waits
  expect((await ended(inShell('exec "$@"', 'detach', qemu.socket, id))).exit).toBe(0);
  child.kill('SIGTERM');
  expect((await end)[0]).toBe(130);
});

test('with few descriptors a device is attached, or nothing is begun', async () => {
  const before = await devices();
  for (const limit of [24, 28, 36, 48, 56, 64]) {
    const ran = await ended(inShell(`ulimit -n ${limit}; exec "$@"`, ...attach()));
    expect([0, 1], ran.err).toContain(ran.exit);
    expect(ran.err).not.toMatch(/^\s+at .*[:(]|mistake in qplug/m);
    const now = (await devices()).filter((id) => !before.includes(id));
    expect([now.length, isSettled()], ran.err).toEqual([ran.exit === 0 ? 1 : 0, true]);
    if (ran.exit === 0) await ended(inShell('exec "$@"', 'detach', qemu.socket, now[0] ?? ''));
  }
});

test('where no file may grow a change is refused before it is begun', async () => {
  const before = await devices();
  const ran = await ended(inShell('ulimit -f 0; exec "$@"', ...attach()));
  expect(ran.exit).toBe(1);
  expect(ran.err).toMatch(/file too large/i);
  expect(ran.err).not.toContain('mistake in qplug');
  expect([await devices(), isSettled()]).toEqual([before, true]);
});
