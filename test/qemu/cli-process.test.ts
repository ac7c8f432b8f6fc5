import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { poll } from '../../src/base/index.js';
<<<<<<< HEAD
import { PATIENCE, patience } from '../patience.js';
=======
import { LyingQemu, SmallVm } from '../lying-qemu.js';
>>>>>>> 7896e28 (QMP hardening (to be split))
import { schemaErrors } from '../unit/cli/schemas.js';
import { type PlainQemu, startQemu } from './plain-qemu.js';

/** qplug as a process: signals, closed pipes, exit codes. */

const folder = mkdtempSync(join(tmpdir(), 'qplug-process-'));
const main = join(folder, 'main.mjs');
const env = { ...process.env, QPLUG_RUNTIME_DIR: join(folder, 'run'), NO_COLOR: '1' };
let qemu: PlainQemu;

beforeAll(async () => {
  const require = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";
  await build({
    entryPoints: [join(import.meta.dirname, '../../src/cli/main.ts')],
    outfile: main,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    banner: { js: require },
  });
  qemu = await startQemu('-machine', 'pc', '-accel', 'tcg', '-device', 'qemu-xhci,id=xhci');
});
afterAll(async () => {
  await qemu?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

interface Running {
  readonly child: ChildProcess;
  readonly out: () => string;
  readonly err: () => string;
  /** Exit code, or the signal's name. */
  readonly ended: Promise<number | string>;
}

function qplug(...words: readonly string[]): Running {
  const child = spawn(process.execPath, [main, ...words], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk) => {
    out += String(chunk);
  });
  child.stderr.on('data', (chunk) => {
    err += String(chunk);
  });
  const ended = once(child, 'close').then(([code, signal]) => code ?? signal);
  return { child, out: () => out, err: () => err, ended };
}

async function seen(what: () => boolean): Promise<void> {
  await poll(() => what() || undefined, { interval: 20, signal: patience() });
}

/** Waits until qplug holds the VM's monitor: then nobody else is greeted. */
async function holdsMonitor(socket: string): Promise<void> {
  await poll(
    async () => {
      const other = createConnection(socket);
      const greeted = once(other, 'data').then(() => undefined);
      const silent = new Promise<true>((resolve) => setTimeout(() => resolve(true), 500));
      const held = await Promise.race([greeted, silent]);
      other.destroy();
      return held;
    },
    { interval: 50, signal: patience() },
  );
}

describe('an interruption', () => {
  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    '%s ends a wait for a device with 130, long before its time',
    async (signal) => {
      const running = qplug('attach', qemu.socket, 'dead:beef', '--wait', String(PATIENCE), '--json');
      await holdsMonitor(qemu.socket);
      running.child.kill(signal);
      expect(await running.ended).toBe(130);
      expect(running.err()).toBe('interrupted: what had been begun was undone\n');
      const document = JSON.parse(running.out());
      expect(document).toMatchObject({ code: 'interrupted', exit: 130, message: `interrupted by ${signal}` });
      expect(schemaErrors(document)).toEqual([]);
    },
  );

  test('ends an attach to a QEMU whose object tree has no end', async () => {
    const socket = join(folder, 'endless.qmp');
    const vm = new SmallVm();
    let running: Running | undefined;
    await using _qemu = await LyingQemu.at(socket, (call, send) => {
      if (call.n === 500) running?.child.kill('SIGINT');
      if (call.command !== 'qom-list') return vm.answer(call, send);
      return { return: [1, 2, 3].map((i) => ({ name: `d${i}`, type: 'child<pci-bridge>' })) };
    });
    running = qplug('attach', socket, '--emulated', 'usb-tablet');
    expect(await running.ended).toBe(130);
    expect(running.err()).toBe('interrupted: what had been begun was undone\n');
  });

  test('ends a watch with 130, and nothing else is said', async () => {
    const running = qplug('devices', '--watch', '--json');
    await seen(() => running.out() + running.err() !== '');
    running.child.kill('SIGINT');
    expect(await running.ended).toBe(130);
    expect(running.err()).not.toContain('interrupted');
    expect(running.out()).not.toContain('urn:qplug:error');
  });

  test('of a VM in the foreground ends the VM in order, step by step', async () => {
    const file = join(folder, 'fore.yaml');
    writeFileSync(file, 'machine: pc\naccel: [tcg]\nmemory: 64M\nqemu: { args: [-nodefaults, -S] }\n');
    const running = qplug('run', file);
    await seen(() => running.err().includes('Ctrl-C'));
    const pid = Number(/process (\d+)/.exec(running.err())?.[1]);
    expect(() => process.kill(pid, 0)).not.toThrow();
    running.child.kill('SIGINT');
    expect(await running.ended).toBe(130);
    expect(running.err()).toContain('· quit\n');
    expect(() => process.kill(pid, 0)).toThrow();
  });

  test('by a terminal that is closed ends the VM in order, however often it is told', async () => {
    const file = join(folder, 'closed.yaml');
    writeFileSync(file, 'machine: pc\naccel: [tcg]\nmemory: 64M\nqemu: { args: [-nodefaults, -S] }\n');
    const terminal = spawn('script', ['-qec', `${process.execPath} ${main} run ${file}`, '/dev/null'], {
      env,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    let shown = '';
    terminal.stdout.on('data', (chunk) => {
      shown += String(chunk);
    });
    await seen(() => shown.includes('Ctrl-C'));
    const pid = Number(/process (\d+)/.exec(shown)?.[1]);
    const qplugPid = Number(readFileSync(`/proc/${pid}/stat`, 'latin1').split(' ')[3]);
    expect(() => process.kill(pid, 0)).not.toThrow();
    onTestFinished(() => {
      if (existsSync(`/proc/${pid}`)) process.kill(pid, 'SIGKILL');
    });
    terminal.kill('SIGKILL');
    process.kill(qplugPid, 'SIGHUP');
    await seen(() => !existsSync(`/proc/${pid}`));
    await seen(() => !existsSync(join(folder, 'run', 'vm', 'closed')));
  });
});

/** Whether a process runs that was started with these words. */
function isRunning(...words: readonly string[]): boolean {
  return readdirSync('/proc').some((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').endsWith(`${words.join('\0')}\0`);
    } catch {
      return false;
    }
  });
}

// that it gives devices back as well is shown in the lab
test('what run --detach leaves behind stays as long as its VM, and ends with it', async () => {
  const file = join(folder, 'left.yaml');
  writeFileSync(file, 'accel: [tcg]\nmemory: 64M\nqemu: { args: [-nodefaults, -S] }\n');
  const started = qplug('run', file, '--detach', '--json');
  expect(await started.ended, started.err()).toBe(0);
  const { pid } = JSON.parse(started.out()) as { pid: number };
  onTestFinished(() => {
    if (existsSync(`/proc/${pid}`)) process.kill(pid, 'SIGKILL');
  });
  const watcher = [main, 'mend', '--after', 'left'];
  await seen(() => isRunning(...watcher));
  // it looks twice a second
  await delay(1500);
  expect(isRunning(...watcher)).toBe(true);
  process.kill(pid, 'SIGKILL');
  await seen(() => !isRunning(...watcher));
});

describe('a reader that goes away', () => {
  test('is no error for a command that prints and ends', async () => {
    const running = qplug('--help');
    running.child.stdout?.destroy();
    expect(await running.ended).toBe(0);
    expect(running.err()).toBe('');
  });

  test('of the errors is no crash', async () => {
    const running = qplug('frobnicate');
    running.child.stderr?.destroy();
    expect(await running.ended).toBe(2);
  });
});

test('a monitor that another client holds is exit code 8, within its time', async () => {
  const other = createConnection(qemu.socket);
  onTestFinished(() => void other.destroy());
  await once(other, 'data');
  const running = qplug('status', qemu.socket, '--timeout', '0.5', '--json');
  expect(await running.ended).toBe(8);
  expect(JSON.parse(running.out())).toMatchObject({ code: 'qmp-busy', exit: 8 });
  expect(schemaErrors(JSON.parse(running.out()))).toEqual([]);
});
