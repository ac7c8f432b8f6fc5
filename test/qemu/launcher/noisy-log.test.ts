import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { poll } from '../../../src/base/index.js';
import { patience } from '../../patience.js';
import { bundledQplug } from '../harness/bundled-qplug.js';

/** A VM that writes without end fills no disk, and nobody who reads what it writes is needed for it to run. */

/** The most that is kept of a log, in bytes, in two parts; and the size of the small disk, as root of a real one. */
const [PART, DISK] = [128 * 1024, 2 * 1024 * 1024];
const isRoot = process.getuid?.() === 0;
const folder = mkdtempSync(join(tmpdir(), 'qplug-noisy-'));
const disk = join(folder, 'disk');
const own = join(disk, 'run/vm/noisy');
const log = join(own, 'qemu.log');
const noise = join(folder, 'noise');
const env = { ...process.env, QPLUG_RUNTIME_DIR: join(disk, 'run'), QPLUG_STATE_DIR: join(disk, 'state') };
let main: string;

beforeAll(async () => {
  main = await bundledQplug(folder);
  chmodSync(folder, 0o755);
  mkdirSync(disk);
  if (isRoot) execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK},mode=755`, 'tmpfs', disk]);
  for (const name of ['run', 'state']) mkdirSync(join(disk, name), { mode: 0o700 });
  writeFileSync(noise, '', { mode: 0o666 });
  chmodSync(noise, 0o666);
  // it goes on for ten minutes at most, should nobody end it
  const script = `#!/bin/sh
case "$*" in
  *-name*) ( timeout 600 sh -c 'echo $$ > ${noise}; i=0; pad=$(printf %0400d 0); while :; do i=$((i+1)); echo "line $i of what nobody asked for: $pad"; done' ) & ;;
esac
exec qemu-system-x86_64 "$@"
`;
  writeFileSync(join(folder, 'noisy.sh'), script, { mode: 0o755 });
  const text = (binary: string): string =>
    `accel: [tcg]\nmemory: 64M\nqemu: { binary: ${binary}, args: [-nodefaults, -S], sandbox: false }\n`;
  writeFileSync(join(folder, 'noisy.yaml'), text('./noisy.sh'));
  writeFileSync(join(folder, 'quiet.yaml'), text('qemu-system-x86_64'));
});
afterAll(() => {
  if (isRoot) execFileSync('umount', ['-l', disk]);
  rmSync(folder, { recursive: true, force: true });
});

async function qplug(...words: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [main, ...words], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk) => {
    out += String(chunk);
  });
  child.stderr.on('data', (chunk) => {
    err += String(chunk);
  });
  const [code] = await once(child, 'close');
  expect(code, `${words.join(' ')}: ${err}`).toBe(0);
  return out;
}

async function start(vm: string): Promise<number> {
  const words = ['run', join(folder, `${vm}.yaml`), '--detach', '--json', ...(isRoot ? ['--user', 'nobody'] : [])];
  const { pid } = JSON.parse(await qplug(...words)) as { pid: number };
  onTestFinished(() => end(pid));
  return pid;
}

function end(pid: number): void {
  if (pid > 0 && existsSync(`/proc/${pid}`)) process.kill(pid, 'SIGKILL');
}

function watcher(): number | undefined {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .find((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').endsWith(`${main}\0mend\0--after\0noisy\0`);
      } catch {
        return false;
      }
    });
}

const seen = <T>(what: () => T | undefined): Promise<T> => poll(what, { interval: 20, signal: patience() });

/** The number of the last line that is whole. */
function lastLine(): number {
  const text = [`${log}.1`, log].map((path) => (existsSync(path) ? readFileSync(path, 'utf8') : '')).join('');
  return Number([...text.matchAll(/^line (\d+) of/gm)].at(-1)?.[1] ?? 0);
}

test('a log keeps its newest lines and no more, with a watcher and without; its VM and others run', async () => {
  onTestFinished(() => end(Number(readFileSync(noise, 'utf8'))));
  const qemu = await start('noisy');
  // twice as much as the disk holds was written
  const much = (2 * DISK) / 400;
  await seen(() => lastLine() > much || undefined);
  for (const path of [log, `${log}.1`]) expect(statSync(path).size).toBeLessThanOrEqual(PART);
  await start('quiet');
  expect(await qplug('list')).toContain('quiet');

  process.kill(await seen(watcher), 'SIGKILL');
  await seen(() => (watcher() === undefined ? true : undefined));
  // what it writes now finds no room soon, and it neither waits nor ends
  const before = lastLine();
  expect(await qplug('status', 'noisy')).toContain('prelaunch');
  expect(lastLine()).toBeGreaterThan(before);
  expect(existsSync(`/proc/${qemu}`)).toBe(true);
  const speaks = Number(readFileSync(noise, 'utf8'));
  expect(existsSync(`/proc/${speaks}`)).toBe(true);
  const flags = /^flags:\s*(\d+)$/m.exec(readFileSync(`/proc/${qemu}/fdinfo/2`, 'utf8'))?.[1] ?? '';
  // O_RDWR and O_NONBLOCK: it reads what nobody else reads, and does not wait for room
  expect(Number.parseInt(flags, 8) & 0o4003).toBe(0o4002);
  for (const path of [log, `${log}.1`]) expect(statSync(path).size).toBeLessThanOrEqual(PART);
}, 300_000);
