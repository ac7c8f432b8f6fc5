import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { poll } from '../../../src/base/index.js';
import { patience } from '../../patience.js';
import { bundledQplug } from '../harness/bundled-qplug.js';

/** What is open in the caller of qplug (a lock of a script, a file of root's) stays with the caller. */

const folder = mkdtempSync(join(tmpdir(), 'qplug-given-'));
const isRoot = process.getuid?.() === 0;
const [lock, secret, told] = ['lock', 'secret', 'told'].map((name) => join(folder, name)) as [string, string, string];
const env = {
  PATH: process.env['PATH'],
  HOME: folder,
  QPLUG_RUNTIME_DIR: join(folder, 'run'),
  QPLUG_STATE_DIR: join(folder, 'state'),
};
let main: string;

beforeAll(async () => {
  chmodSync(folder, 0o755);
  main = await bundledQplug(folder);
  writeFileSync(lock, '');
  writeFileSync(secret, 'root alone reads this', { mode: 0o600 });
  // QEMU's own start, and each question to it, say what they were given
  writeFileSync(told, '', { mode: 0o666 });
  chmodSync(told, 0o666);
  writeFileSync(join(folder, 'qemu.sh'), `#!/bin/sh\nls -l /proc/$$/fd >> ${told}\nexec qemu-system-x86_64 "$@"\n`, {
    mode: 0o755,
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Numbers that Node closes itself, that it does not close, and a large one. */
const NUMBERS: readonly number[] = [5, 17, 200, 201, 5000];

/** Runs qplug with files of its caller open at NUMBERS. @returns its stdout */
async function qplug(words: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<string> {
  const open = [openSync(lock, 'r+'), openSync(secret, 'r')];
  const stdio: ('ignore' | 'pipe' | number)[] = ['ignore', 'pipe', 'pipe'];
  for (const [index, fd] of NUMBERS.entries()) {
    while (stdio.length < fd) stdio.push('ignore');
    stdio[fd] = open[index % 2] ?? 'ignore';
  }
  const child = spawn(process.execPath, [main, ...words], { env: { ...env, ...more }, stdio });
  for (const fd of open) closeSync(fd);
  let [out, err] = ['', ''];
  child.stdout?.on('data', (chunk) => {
    out += String(chunk);
  });
  child.stderr?.on('data', (chunk) => {
    err += String(chunk);
  });
  const [code] = await once(child, 'close');
  expect(err, `${words.join(' ')}: ${code}`).not.toMatch(/^error/m);
  return out;
}

/** @returns where each descriptor of a process beyond the first three leads */
function descriptorsOf(pid: number): Map<number, string> {
  const leads = new Map<number, string>();
  for (const name of readdirSync(`/proc/${pid}/fd`)) {
    try {
      if (Number(name) > 2) leads.set(Number(name), readlinkSync(`/proc/${pid}/fd/${name}`));
    } catch {
      // closed since
    }
  }
  return leads;
}

function watcherOf(vm: string): number | undefined {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .find((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').endsWith(`${main}\0mend\0--after\0${vm}\0`);
      } catch {
        return false;
      }
    });
}

async function started(name: string, more: NodeJS.ProcessEnv = {}): Promise<{ qemu: number; watcher: number }> {
  const file = join(folder, `${name}.yaml`);
  writeFileSync(file, 'accel: [tcg]\nmemory: 64M\nqemu: { binary: ./qemu.sh, args: [-nodefaults, -S] }\n');
  // a user of its own has its sockets handed over: those are meant
  const words = ['run', file, '--detach', '--json', ...(isRoot ? ['--user', 'nobody'] : [])];
  const { pid: qemu } = JSON.parse(await qplug(words, more)) as { pid: number };
  onTestFinished(() => {
    if (existsSync(`/proc/${qemu}`)) process.kill(qemu, 'SIGKILL');
  });
  const watcher = await poll(() => watcherOf(name), { interval: 20, signal: patience() });
  return { qemu, watcher };
}

const ofCaller = (leads: Map<number, string>): string[] =>
  [...leads.values()].filter((path) => path === lock || path === secret);

test('QEMU, whoever is asked before it, and the watcher have nothing that is open in the caller', async () => {
  const { qemu, watcher } = await started('closed');
  for (const pid of [qemu, watcher]) {
    const leads = descriptorsOf(pid);
    expect([pid, ofCaller(leads)]).toEqual([pid, []]);
    expect(NUMBERS.filter((fd) => fd > 100 && leads.has(fd))).toEqual([]);
  }
  const asked = readFileSync(told, 'utf8');
  expect(asked.match(/^total/gm)?.length).toBeGreaterThan(1);
  expect(asked.split('\n').filter((line) => line.includes(lock) || line.includes(secret))).toEqual([]);
  // what was meant is there: the two monitors serve
  expect(await qplug(['status', 'closed'])).toContain('prelaunch');
  expect(await qplug(['qmp', join(folder, 'run/vm/closed/qmp.sock'), 'query-status'])).toContain('prelaunch');
});

test('nor where Node has options of its own, so that nothing may be closed in qplug itself', async () => {
  const { qemu, watcher } = await started('covered', { NODE_OPTIONS: '--no-deprecation' });
  for (const pid of [qemu, watcher]) {
    const leads = descriptorsOf(pid);
    expect([pid, ofCaller(leads)]).toEqual([pid, []]);
    // nothing is there, or the device of nothing
    for (const fd of NUMBERS.filter((one) => one > 100)) expect(leads.get(fd) ?? '/dev/null').toBe('/dev/null');
  }
});

test('a descriptor that is named as a file is read', async () => {
  writeFileSync(secret, 'name: told\naccel: [tcg]\n');
  expect(await qplug(['plan', '/dev/fd/201', '--offline'])).not.toBe('');
});
