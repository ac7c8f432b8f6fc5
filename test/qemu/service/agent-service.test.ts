import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { askAgent } from '../../../src/agent/index.js';
import { poll } from '../../../src/base/index.js';
import { patience } from '../../patience.js';
import { bundledQplug } from '../harness/bundled-qplug.js';

/** The agent as a service: what a service manager hands over to it, and what it tells the manager. */

const top = mkdtempSync(join(tmpdir(), 'qplug-service-'));
let main: string;
let folder: string;
let runtime: string;
let control: string;
beforeAll(async () => {
  main = await bundledQplug(top);
});
beforeEach(() => {
  folder = mkdtempSync(join(top, 'test-'));
  runtime = join(folder, 'run');
  mkdirSync(join(runtime, 'agent'), { recursive: true, mode: 0o700 });
  control = join(runtime, 'agent/control.sock');
});
afterAll(() => rmSync(top, { recursive: true, force: true }));

const env = (): NodeJS.ProcessEnv => ({
  PATH: process.env['PATH'],
  QPLUG_RUNTIME_DIR: runtime,
  QPLUG_STATE_DIR: join(folder, 'state'),
});

const QPLUG = (): string[] => [process.execPath, main];

interface Service {
  readonly child: ChildProcess;
  readonly err: () => string;
  /** A line for each notification. */
  readonly told: () => string;
  readonly ended: Promise<number | string>;
}

/** Starts a program as a service manager does. */
function serve(...words: readonly string[]): Service {
  const [errors, told] = [join(folder, 'stderr'), join(folder, 'told')];
  writeFileSync(told, '');
  const stderr = openSync(errors, 'a');
  const { dev, ino } = statSync(errors, { bigint: true });
  const script = join(import.meta.dirname, 'manager.pl');
  const child = spawn('perl', [script, control, join(folder, 'notify'), told, ...QPLUG(), ...words], {
    env: { ...env(), JOURNAL_STREAM: `${dev}:${ino}` },
    stdio: ['ignore', 'ignore', stderr],
  });
  closeSync(stderr);
  onTestFinished(() => void child.kill('SIGKILL'));
  const ended = once(child, 'exit').then(([code, signal]) => code ?? signal);
  return { child, err: () => readFileSync(errors, 'utf8'), told: () => readFileSync(told, 'utf8'), ended };
}

async function ask(request: object): Promise<Readonly<Record<string, unknown>> | undefined> {
  for await (const answer of askAgent(runtime, request, patience())) return answer;
  return undefined;
}

/** Waits until the socket is there. */
async function isBound(): Promise<void> {
  await poll(() => existsSync(control), { interval: 5, signal: patience() });
}

test('systemd-socket-activate starts the agent for its first client, which waits meanwhile', async () => {
  const activator = spawn(
    'systemd-socket-activate',
    [
      ...['-l', control, '--fdname=control'],
      ...['PATH', 'QPLUG_RUNTIME_DIR', 'QPLUG_STATE_DIR'].flatMap((name) => ['-E', name]),
      ...QPLUG(),
      'agent',
      '--json',
    ],
    { env: env(), stdio: 'ignore' },
  );
  onTestFinished(() => void activator.kill('SIGKILL'));
  await isBound();
  expect(await ask({ do: 'accounts' })).toMatchObject({ id: 1, accounts: [], held: false });
  // any command finds it there
  const status = spawn(process.execPath, [main, 'agent', 'status', '--json'], { env: env(), stdio: 'ignore' });
  expect(await once(status, 'exit')).toEqual([0, null]);
  // and a second agent does not start
  const second = spawn(process.execPath, [main, 'agent'], { env: env(), stdio: 'ignore' });
  expect(await once(second, 'exit')).toEqual([1, null]);
  activator.kill('SIGTERM');
  expect(await once(activator, 'exit')).toEqual([0, null]);
  // the socket is the manager's
  expect(existsSync(control)).toBe(true);
});

test('the agent takes what is meant for it, tells that it works, and ends at SIGTERM', async () => {
  const service = serve('agent');
  await isBound();
  expect(await ask({ do: 'accounts' })).toMatchObject({ id: 1 });
  const { pid = 0 } = service.child;
  const leads = readdirSync(`/proc/${pid}/fd`).map((fd) => [fd, linkOf(`/proc/${pid}/fd/${fd}`)]);
  expect(leads.filter(([fd]) => fd === '3' || fd === '4')).toEqual([
    ['3', expect.stringMatching(/^socket:/)],
    ['4', expect.stringMatching(/^socket:/)],
  ]);
  await poll(() => service.told().match(/^WATCHDOG=1/gm)?.length === 2, { interval: 20, signal: patience() });
  // what it starts gets none of it
  for (const child of readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')) {
    expect(environmentOf(child)).not.toMatch(/LISTEN_|WATCHDOG_/);
  }
  service.child.kill('SIGTERM');
  expect(await service.ended).toBe(0);
  const lines = service.err().trimEnd().split('\n');
  expect(lines.filter((line) => !/^<[3-6]>/.test(line))).toEqual([]);
  expect(lines[0]).toBe('<6>the agent runs; systemd started it');
});

test('an event of the kernel makes it look', async () => {
  const service = serve('agent');
  await isBound();
  const reader = await poll(
    () => {
      const { pid = 0 } = service.child;
      const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
      return children.find((child) => child !== '' && linkOf(`/proc/${child}/fd/0`).startsWith('socket:'));
    },
    { interval: 5, signal: patience() },
  );
  const bytes = (): string => /^rchar: (\d+)/m.exec(readFileSync(`/proc/${reader}/io`, 'utf8'))?.[1] ?? '';
  const before = bytes();
  writeFileSync('/sys/class/net/lo/uevent', 'change');
  await poll(() => bytes() !== before, { interval: 5, signal: patience() });
  service.child.kill('SIGTERM');
  expect(await service.ended).toBe(0);
  await poll(() => !existsSync(`/proc/${reader}`), { interval: 5, signal: patience() });
});

test('a VM in the foreground is ready when it runs', async () => {
  const file = join(folder, 'bench.yaml');
  writeFileSync(file, 'name: bench\naccel: [tcg]\nmemory: 64M\nqemu: { args: [-nodefaults, -S] }\n');
  const service = serve('run', file);
  await poll(() => service.told().includes('READY=1'), { interval: 20, signal: patience() });
  expect(service.told()).toMatch(/^READY=1 STATUS=bench runs: process \d+/m);
  const pid = Number(/process (\d+)/.exec(service.told())?.[1]);
  // QEMU is told nothing of the manager, and does not get its sockets
  expect(readFileSync(`/proc/${pid}/environ`, 'utf8')).not.toMatch(/NOTIFY_SOCKET|LISTEN_|WATCHDOG_/);
  service.child.kill('SIGTERM');
  expect(await service.ended).toBe(130);
  expect(existsSync(`/proc/${pid}`)).toBe(false);
});

/** @returns nothing for a process that has ended */
function environmentOf(pid: string | number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8');
  } catch {
    return '';
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
