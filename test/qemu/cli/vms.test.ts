import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { poll } from '../../../src/base/index.js';
import { isRoot, VM_USER } from '../../attackers/users.js';
import { patience } from '../../patience.js';
import { documentOf, qplug } from '../../unit/cli/fake-terminal.js';
import { schemaErrors } from '../../unit/view/documents/schemas.js';
import { bundledQplug } from '../harness/bundled-qplug.js';
import { type PlainQemu, startQemu } from '../harness/plain-qemu.js';
import { StartedVms } from '../harness/started-vms.js';
import { type AskedQemu, askedQemu, NO_MACHINE } from '../processes/asked-qemu.js';

let folder: string;
let env: Record<string, string | undefined>;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'qplug-vms-'));
  env = { PATH: process.env['PATH'], QPLUG_RUNTIME_DIR: join(folder, 'run') };
});
afterEach(() => rmSync(folder, { recursive: true }));

/** The rows of these processes, as a program gets them: other QEMUs may run beside the test. */
async function rowsOf(pids: readonly (number | undefined)[]): Promise<Record<string, unknown>[]> {
  const document = await documentOf(['vms'], { env });
  expect(schemaErrors(document)).toEqual([]);
  const rows = document['vms'] as Record<string, unknown>[];
  return pids.flatMap((pid) => rows.filter((row) => row['pid'] === pid));
}

/** The lines of text that begin with a word or name a process. */
async function linesOf(pid: number): Promise<string[]> {
  const { exit, out } = await qplug(['vms'], { env, columns: undefined });
  expect(exit).toBe(0);
  return out.split('\n').filter((line) => new RegExp(`\\b${pid}\\b`).test(line));
}

const pidOf = ({ process }: PlainQemu): number => process.pid ?? 0;

test('a QEMU with QMP is taken by its pid, or by the name that a person gives it', async () => {
  await using qemu = await startQemu('-M', 'none', '-name', 'guest=mine,debug-threads=on');
  const pid = pidOf(qemu);
  const row = {
    ...{ pid, uid: process.getuid?.(), program: 'qemu-system-x86_64', name: 'mine', machine: 'none' },
    ...{ launcher: null, container: null, word: `pid:${pid}`, add: null, hidden: false },
    monitors: [{ protocol: 'qmp', kind: 'unix', path: qemu.socket, listens: true }],
  };
  expect(await rowsOf([pid])).toEqual([row]);
  expect(await linesOf(pid)).toEqual([
    expect.stringMatching(new RegExp(`^pid:${pid} +${pid} +mine +none +- +qmp ${qemu.socket}$`)),
  ]);
  expect((await qplug(['adopt', qemu.socket, '--name', 'bench'], { env })).exit).toBe(0);
  expect(await rowsOf([pid])).toEqual([{ ...row, word: 'bench' }]);

  // another process that only names the socket proves nothing: it has the place of the file that is there, and so neither has the name
  await using other = await startQemu('-M', 'none', '-qmp', `unix:${qemu.socket},server=on,wait=off`);
  const [mine] = await rowsOf([pid]);
  expect(mine?.['word']).toBe(`pid:${pid}`);
  expect(await rowsOf([pidOf(other)])).toMatchObject([{ word: `pid:${pidOf(other)}` }]);
});

test('a VM of qplug has its own name', async () => {
  await using vms = new StartedVms();
  const { record } = await vms.start('accel: [tcg]\nmemory: 64M\nqemu: { args: [-nic, none] }\n');
  env = { ...env, QPLUG_RUNTIME_DIR: join(vms.world.folder, 'run') };
  const pid = record.qemu?.pid ?? 0;
  expect(await rowsOf([pid])).toMatchObject([{ pid, word: 'bench', launcher: 'qplug', name: 'bench' }]);
  expect(await linesOf(pid)).toEqual([expect.stringMatching(/^bench +\d+ +bench +\S+ +qplug +qmp \S+/)]);
});

test('a QEMU without QMP gets the option that it lacks', async () => {
  const own = process.getuid?.() === 0 ? '/run' : `/run/user/${process.getuid?.()}`;
  // what the test asks is a monitor of its own, which the second one hides in a daemon-like way: a file that is gone
  await using first = await plain(['-name', 'first', '-monitor', 'unix:h.sock,server=on,wait=off']);
  await using second = await plain(['-name', 'se/../cond', '-nodefaults']);
  const rows = await rowsOf([first.pid, second.pid]);
  expect(rows).toMatchObject([
    { name: 'first', word: null, add: ['-qmp', `unix:${own}/first.qmp,server=on,wait=off`] },
    { name: 'se/../cond', word: null, add: ['-qmp', `unix:${own}/vm.qmp,server=on,wait=off`], monitors: [] },
  ]);
  expect(await linesOf(first.pid)).toContain(
    `${first.pid} has only a monitor for people: start it with -qmp unix:${own}/first.qmp,server=on,wait=off`,
  );
  expect(await linesOf(second.pid)).toContain(
    `${second.pid} has no monitor: start it with -qmp unix:${own}/vm.qmp,server=on,wait=off`,
  );
});

/** Starts a QEMU whose only other monitor came from a file that is away since. */
async function plain(words: readonly string[]): Promise<AskedQemu> {
  const qemu = await askedQemu([...NO_MACHINE, ...words]);
  rmSync(join(qemu.folder, 'asked.cfg'));
  return qemu;
}

test('a socket that only QEMU sees, in a mount namespace of its own', async () => {
  // only root can make one
  if (!isRoot) return;
  const place = join(folder, 'inside');
  mkdirSync(place);
  const words = [...NO_MACHINE, '-nodefaults', '-name', 'inner', '-qmp', `unix:${place}/q.sock,server=on,wait=off`];
  const script = `mount -t tmpfs none "$1" && shift && exec "$@"`;
  const child = spawn('unshare', ['--mount', 'sh', '-c', script, 'sh', place, 'qemu-system-x86_64', ...words], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  const pid = child.pid ?? 0;
  await poll(() => existsSync(`/proc/${pid}/root${place}/q.sock`) || undefined, { interval: 20, signal: patience() });
  expect(existsSync(join(place, 'q.sock'))).toBe(false);
  expect(await rowsOf([pid])).toMatchObject([{ name: 'inner', word: `pid:${pid}`, add: null }]);
});

test('what a QEMU calls itself is escaped', async () => {
  const evil = 'a\u001b[31mred\u202e\nFORGED 1';
  await using qemu = await startQemu('-M', 'none', '-name', evil, '-monitor', `file:${join(folder, evil)}`);
  const [line, ...more] = await linesOf(pidOf(qemu));
  expect(more).toEqual([]);
  expect(line).toContain('a\\x1b[31mred\\u202e\\nFORGED 1');
  expect(await rowsOf([pidOf(qemu)])).toMatchObject([{ name: evil }]);
});

test('another user sees that a QEMU is there, and may not reach it', async () => {
  // only root can become somebody else
  if (!isRoot) return;
  await using qemu = await startQemu('-M', 'none', '-name', 'roots');
  const pid = pidOf(qemu);
  const main = await bundledQplug(folder);
  const run = join(folder, 'nobody');
  onTestFinished(() => rmSync(run, { recursive: true, force: true }));
  mkdirSync(run, { mode: 0o700 });
  spawnSync('chown', [String(VM_USER.uid), run]);
  chmodSync(folder, 0o755);
  const seen = spawnSync(process.execPath, ['-', 'vms', '--json'], {
    input: readFileSync(main),
    ...{ uid: VM_USER.uid, gid: VM_USER.gid, cwd: '/', encoding: 'utf8' },
    env: { PATH: '/usr/bin:/bin', QPLUG_RUNTIME_DIR: run },
  });
  const document = JSON.parse(seen.stdout);
  expect(schemaErrors(document)).toEqual([]);
  expect(document.vms.filter((row: { readonly pid: number }) => row.pid === pid)).toMatchObject([
    { name: 'roots', word: null, add: null, hidden: true, uid: 0 },
  ]);
});
