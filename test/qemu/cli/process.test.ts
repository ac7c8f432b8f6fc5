import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { poll } from '../../../src/base/index.js';
import { LyingQemu, SmallVm } from '../../lying-qemu.js';
import { PATIENCE, patience } from '../../patience.js';

import { schemaErrors } from '../../unit/view/documents/schemas.js';
import { type PlainQemu, startQemu } from '../harness/plain-qemu.js';

/** qplug as a process: signals, closed pipes, exit codes. */

const folder = mkdtempSync(join(tmpdir(), 'qplug-process-'));
const main = join(folder, 'main.mjs');
const env = { ...process.env, QPLUG_RUNTIME_DIR: join(folder, 'run'), NO_COLOR: '1' };
let qemu: PlainQemu;

beforeAll(async () => {
  const require = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";
  await build({
    entryPoints: [join(import.meta.dirname, '../../../src/cli/main.ts')],
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
      expect(running.err()).toBe('interrupted: unfinished changes were rolled back\n');
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
    expect(running.err()).toBe('interrupted: unfinished changes were rolled back\n');
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

describe('what is no file', () => {
  test.each([
    ['plan', 'pipe.yaml'],
    ['plan', 'socket.yaml'],
    ['run', 'pipe.yaml'],
    ['argv', '/dev/zero'],
    ['plan', 'file.yaml', '--host', 'pipe.yaml'],
    ['devices', '--host', '/dev/zero'],
    ['devices', '--host', 'socket.yaml'],
  ])('%s %s %s %s is refused by what it is, and nobody is waited for', async (...words) => {
    const pipe = join(folder, 'pipe.yaml');
    if (!existsSync(pipe)) execFileSync('mkfifo', [pipe]);
    writeFileSync(join(folder, 'file.yaml'), 'machine: pc\n');
    const listener = createServer().listen(join(folder, 'socket.yaml'));
    onTestFinished(() => void listener.close());
    await once(listener, 'listening');
    const running = qplug(...words.map((word) => (word.endsWith('.yaml') ? join(folder, word) : word)));
    expect(await running.ended).toBe(2);
    expect(running.err()).toMatch(/^error: can't read .*(a named pipe|a socket|another device)/s);
  });

  test.each([
    ['a VM file that a shell hands over', ['plan', '/dev/fd/0', '--offline']],
    ['a host on standard input', ['devices', '--host', '-']],
  ])('%s and that nobody ends: Ctrl-C does, with 130', async (_, words) => {
    const pipe = join(folder, `open-${words[0]}`);
    execFileSync('mkfifo', [pipe]);
    const end = openSync(pipe, 'r+');
    onTestFinished(() => closeSync(end));
    const child = spawn(process.execPath, [main, ...words], { env, stdio: [end, 'ignore', 'ignore'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    const ended = once(child, 'close');
    writeFileSync(end, 'name: half');
    // it has read that, and waits for the rest
    await poll(() => (isEmpty(pipe) ? true : undefined), { interval: 20, signal: patience() });
    child.kill('SIGINT');
    expect(await ended).toEqual([130, null]);
  });
});

/** Whether all that was written into a pipe was read. */
function isEmpty(pipe: string): boolean {
  const handle = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const [byte] = [Buffer.alloc(1)];
    readSync(handle, byte, 0, 1, null);
    // it was not read yet: put back what was taken
    writeFileSync(pipe, byte);
    return false;
  } catch {
    return true;
  } finally {
    closeSync(handle);
  }
}

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
