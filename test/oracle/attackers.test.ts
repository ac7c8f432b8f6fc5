import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { root } from '../../scripts/folders.mjs';
import { poll } from '../../src/base/index.js';
import { attack, isRoot, VM_USER } from '../attackers/users.js';
import { patience } from '../patience.js';
import { type Ran, qplug as run } from '../unit/cli/fake-terminal.js';
import { bundledProgram } from './harness/bundled-program.js';

/*
 * A start of a VM that was killed before it recorded its QEMU. Meanwhile another user does all that a user can so that qplug takes the
 * wrong process for that QEMU.
 */
let programs: string;
let program: string;
let plain: string;
beforeAll(async () => {
  programs = mkdtempSync(join(tmpdir(), 'qplug-cut-'));
  program = await bundledProgram('unrecorded-qplug', programs);
  plain = await bundledProgram('killed-qplug', programs);
  return () => rmSync(programs, { recursive: true });
});

let folder: string;
let env: Readonly<Record<string, string>>;
const children: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'qplug-attacked-'));
  env = {
    PATH: process.env['PATH'] ?? '',
    QPLUG_RUNTIME_DIR: join(folder, 'run'),
    QPLUG_STATE_DIR: join(folder, 'state'),
  };
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await say('kill', name());
  rmSync(folder, { recursive: true });
});

const say = (...words: string[]): Promise<Ran> => run(words, { env });
const socket = (): string => join(folder, 'run/vm', name(), 'qplug.sock');
/** The same in a process of its own, which gives up if it can't recover. @returns its stderr */
async function elsewhere(...words: string[]): Promise<string> {
  const [recording, log] = [join(root, 'test/fixtures/sysfs/six-devices.json'), join(folder, 'marks')];
  const args = [plain, recording, log, '0', 'qplug', ...words];
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let err = '';
  child.stderr.on('data', (text) => (err += String(text)));
  await once(child, 'close');
  return err;
}

const isThere = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode === null && signalCode === null;

/** The VM's name: no other test uses it. */
const name = (): string => folder.split('-').at(-1) ?? '';

/** QEMUs of the VM, by their command lines: tests start no others. */
function qemus(): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(`\0-name\0${name()}`);
    } catch {
      return false;
    }
  });
}

async function started(command: string, args: readonly string[], more: SpawnOptions = {}): Promise<ChildProcess> {
  const child = spawn(command, [...args], { stdio: 'ignore', ...more });
  children.push(child);
  await once(child, 'spawn');
  return child;
}

/** Starts a VM with a qplug that is killed before it has recorded the process of its QEMU. */
async function cutOff(more = ''): Promise<void> {
  const file = join(folder, 'cut.yaml');
  writeFileSync(file, `name: ${name()}\nmachine: pc\naccel: [tcg]\nmemory: 64M\n${more}`);
  const child = spawn(process.execPath, [program, 'run', file, '--detach'], { env, stdio: 'ignore' });
  const [code, signal] = await once(child, 'exit');
  expect([code, signal]).toEqual([null, 'SIGKILL']);
  expect(qemus()).toHaveLength(1);
}

/** Runs the recovery of the next command. On a slow machine it takes several commands, because each gives it a share of its time. */
async function mended(): Promise<void> {
  let told = '';
  const isOver = async (): Promise<true | undefined> => {
    const { exit, err } = await say('list');
    expect(exit, err).toBe(0);
    told += err;
    return readdirSync(join(folder, 'state/journal')).length === 0 ? true : undefined;
  };
  await poll(isOver, { interval: 20, signal: patience() });
  expect(told).toContain('rolled back');
  await poll(() => (qemus().length === 0 ? true : undefined), { interval: 20, signal: patience() });
}

const USERS: readonly [string, string][] = [
  ['', ''],
  ...(isRoot ? ([[' of another user', `qemu: { user: ${VM_USER.name} }\n`]] as [string, string][]) : []),
];

describe.each(USERS)('a start%s that was cut off', (_, more) => {
  test('is ended by the next command: its QEMU, and no process whose words name the socket', async () => {
    const decoys = [
      await started(process.execPath, ['-e', 'setInterval(() => undefined, 1000)', '--', `--socket=${socket()}`]),
      await started(process.execPath, ['-e', 'setInterval(() => undefined, 1000)', `unix:path=${socket()},server=on`]),
    ];
    await cutOff(more);
    await mended();
    expect(decoys.map(isThere)).toEqual([true, true]);
  });

  test('is ended by the next command, and not the process that somebody chose by names of sockets', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(join(folder, 'victim.sock'), resolve));
    const victim = await started(process.execPath, [
      '-e',
      `require('node:net').createServer().listen(process.argv[1])`,
      join(folder, 'of-victim'),
    ]);
    await poll(
      () => (statSync(join(folder, 'of-victim'), { throwIfNoEntry: false }) === undefined ? undefined : true),
      {
        interval: 10,
        signal: patience(),
      },
    );
    chmodSync(folder, 0o755);
    await using _forger = await attack('forger.mjs', ['names', String(inodeOf(victim)), '0', '120', socket()]);
    await cutOff(more);
    await mended();
    expect(isThere(victim)).toBe(true);
    server.close();
  });

  test('is ended where a process was given the file by which it is found: not that process', async () => {
    await cutOff(more);
    const mark = join(folder, 'run/vm', name(), 'started');
    // only root can do this, or QEMU by passing it on; none of these leads a session of QEMU's user
    const other = await started('sh', ['-c', 'exec sleep 60 < "$1"', 'sh', mark]);
    await mended();
    expect(isThere(other)).toBe(true);
  });

  test('is left, and told, where two fit', async () => {
    await cutOff(more);
    const mark = join(folder, 'run/vm', name(), 'started');
    const as = more === '' ? [] : ['setpriv', `--reuid=${VM_USER.uid}`, `--regid=${VM_USER.gid}`, '--clear-groups'];
    const script = 'exec 0<"$1"; shift; exec "$@"';
    const other = await started('sh', ['-c', script, 'sh', mark, ...as, 'sleep', '600'], { detached: true });
    await poll(() => (readFileSync(`/proc/${other.pid}/comm`, 'utf8') === 'sleep\n' ? true : undefined), {
      interval: 10,
      signal: patience(),
    });
    expect(await elsewhere('list')).toContain("can't identify its QEMU process");
    expect([isThere(other), qemus().length]).toEqual([true, 1]);
    other.kill('SIGKILL');
    await once(other, 'exit');
    await mended();
  });
});

function inodeOf({ pid }: ChildProcess): number {
  const listening = [...Array(30).keys()].flatMap((fd) => {
    const file = statSync(`/proc/${pid}/fd/${fd}`, { throwIfNoEntry: false });
    return file?.isSocket() === true ? [file.ino] : [];
  });
  return listening.at(-1) ?? 0;
}
