import { chmodSync, linkSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { root } from '../../scripts/folders.mjs';
import { ensureQemuRelease, qemuCommand } from '../../scripts/qemu-releases.mjs';
import { ensureStandIn } from '../../scripts/usb-stand-in.mjs';
import { isRoot } from '../attackers/users.js';
import { type PlainQemu, startQemuOf } from '../qemu/harness/plain-qemu.js';
import { type Ran, qplug as run } from '../unit/cli/fake-terminal.js';
import { recordedHost } from './harness/recorded-host.js';
import { TABLET } from './harness/recorded-tablet.js';
import { standInFile } from './harness/stand-in-device.js';

/* A VM is the same VM by any path of its monitor, and wherever its QEMU is. The QEMUs are real, and their host a stand-in. */
const sysfs = recordedHost(join(root, 'test/fixtures/sysfs/six-devices.json'));
const XHCI = ['-machine', 'pc', '-accel', 'tcg', '-m', '32', '-device', 'qemu-xhci,id=x'];
const DEVICE = '1-2';

let folder: string;
let env: Readonly<Record<string, string>>;
let program: { command: readonly string[]; env: Readonly<Record<string, string>> };
const qemus: PlainQemu[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'qplug-one-vm-'));
  writeFileSync(join(folder, 'devices'), standInFile([TABLET]));
  const found = await ensureQemuRelease('7.2');
  const standIn = ensureStandIn((line) => console.log(line));
  const host = { USB_STAND_IN_DEVICES: join(folder, 'devices'), USB_STAND_IN_LOG: join(folder, 'log') };
  program = { command: qemuCommand(found, { librariesFirst: [standIn] }), env: { ...found.env, ...host } };
});
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => {
  const own = mkdtempSync(join(folder, 'run-'));
  env = { PATH: process.env['PATH'] ?? '', QPLUG_RUNTIME_DIR: join(own, 'run'), QPLUG_STATE_DIR: join(own, 'state') };
});
afterEach(async () => {
  for (const qemu of qemus.splice(0)) await qemu[Symbol.asyncDispose]();
});

async function start(before: readonly string[] = []): Promise<PlainQemu> {
  const qemu = await startQemuOf({ ...program, command: [...before, ...program.command] }, ...XHCI);
  qemus.push(qemu);
  return qemu;
}

const say = (...words: string[]): Promise<Ran> => run(words, { env, sysfs });

async function must(...words: string[]): Promise<Ran> {
  const ran = await say(...words);
  expect(ran.exit, `${words.join(' ')}: ${ran.err}`).toBe(0);
  return ran;
}

interface ClaimSeen {
  readonly vm: string;
  readonly state: string;
  readonly pid?: number;
}

async function claims(): Promise<ClaimSeen[]> {
  return JSON.parse((await must('claims', '--json')).out).claims;
}

/** Ways to write the path of one socket. */
const SPELLINGS: readonly [string, (socket: string) => string][] = [
  ['a link to its folder', (socket) => `${linked(join(socket, '..'))}/vm.qmp`],
  ['a link to itself', (socket) => linked(socket)],
  ['a link to a link', (socket) => linked(linked(socket))],
  ['another name of the same file', (socket) => hardLinked(socket)],
  ['/proc/self/root', (socket) => `/proc/self/root${socket}`],
  ['/proc/self/cwd', (socket) => `/proc/self/cwd/${relative(process.cwd(), socket)}`],
  ['dots and slashes', (socket) => join(socket, '..').concat('//./../', socket.split('/').slice(-2).join('///'))],
  ['a relative path', (socket) => `./${relative(process.cwd(), socket)}`],
];

let count = 0;
function linked(path: string): string {
  const link = join(folder, `link-${count++}`);
  symlinkSync(path, link);
  return link;
}

function hardLinked(path: string): string {
  const other = join(path, '..', `hard-${count++}`);
  linkSync(path, other);
  return other;
}

describe('a VM that others started is one VM', () => {
  test.each(SPELLINGS)(
    'named by %s: its claim holds, no other VM gets the device, and it is detached by its plain path',
    async (_, spell) => {
      const [one, other] = [await start(), await start()];
      await must('attach', spell(one.socket), DEVICE);
      expect(await claims()).toMatchObject([{ state: 'attached' }]);
      const refused = await say('attach', other.socket, DEVICE);
      expect([refused.exit, refused.err]).toEqual([5, expect.stringContaining('belongs to another VM')]);
      const again = await must('attach', one.socket, DEVICE);
      expect(again.out).toContain('already');
      expect(await claims()).toHaveLength(1);
      await must('detach', one.socket, DEVICE);
      expect(await claims()).toEqual([]);
      await must('attach', other.socket, DEVICE);
    },
  );

  test('its path leads nowhere any more: the claim lives as long as its QEMU, and ends with it', async () => {
    const [one, other] = [await start(), await start()];
    const link = linked(one.folder);
    await must('attach', `${link}/vm.qmp`, DEVICE);
    rmSync(link);
    expect(await claims()).toMatchObject([{ state: 'attached', pid: one.process.pid }]);
    expect((await say('attach', other.socket, DEVICE)).exit).toBe(5);
    const moved = `${one.folder}-moved`;
    renameSync(one.folder, moved);
    expect((await say('attach', other.socket, DEVICE)).exit).toBe(5);
    renameSync(moved, one.folder);
    await one[Symbol.asyncDispose]();
    const { err } = await must('attach', other.socket, DEVICE);
    expect(err).toContain('its VM has ended');
  });

  test('its path leads to another VM by now: that one is not taken for it', async () => {
    const [one, other] = [await start(), await start()];
    const link = join(folder, `turning-${count++}`);
    symlinkSync(one.folder, link);
    await must('attach', `${link}/vm.qmp`, DEVICE);
    rmSync(link);
    symlinkSync(other.folder, link);
    expect(await claims()).toMatchObject([{ state: 'attached', pid: one.process.pid }]);
    const released = await say('release', DEVICE, '--yes');
    expect([released.exit, released.err]).toEqual([8, expect.stringContaining('another process answers')]);
    expect((await say('detach', `${link}/vm.qmp`, DEVICE)).exit).toBe(3);
    expect(await claims()).toHaveLength(1);
  });

  test('its QEMU is in another network namespace, as in any container', async () => {
    const alone = isRoot ? ['unshare', '--net'] : ['unshare', '--user', '--map-root-user', '--net'];
    const [one, other] = [await start(alone), await start()];
    await must('attach', one.socket, DEVICE);
    expect(await claims()).toMatchObject([{ state: 'attached', pid: one.process.pid }]);
    expect((await say('attach', other.socket, DEVICE)).exit).toBe(5);
    await must('detach', one.socket, DEVICE);
  });
});

describe('a VM of qplug has its name, its file and its rules', () => {
  const FILE = `name: build
machine: pc
accel: [tcg]
memory: 64M
usb: { controllers: [{ id: x, model: qemu-xhci }], deny: [class=03] }
`;

  async function running(): Promise<string> {
    const bin = mkdtempSync(join(folder, 'bin-'));
    const qemu = join(bin, 'qemu-system-x86_64');
    const variables = Object.entries(program.env).map(([name, value]) => `export ${name}='${value}'`);
    const words = program.command.map((word) => `'${word}'`).join(' ');
    writeFileSync(qemu, `#!/bin/sh\n${variables.join('\n')}\nexec ${words} "$@"\n`);
    chmodSync(qemu, 0o755);
    env = { ...env, PATH: `${bin}:${env['PATH']}` };
    const file = join(bin, 'build.yaml');
    writeFileSync(file, FILE);
    await must('run', file, '--detach');
    return join(env['QPLUG_RUNTIME_DIR'] ?? '', 'vm', 'build', 'qplug.sock');
  }
  afterEach(async () => void (await say('kill', 'build')));

  test('its own deny counts by whichever path it is named', async () => {
    const socket = await running();
    const spelled = SPELLINGS.map(([name, spell]): [string, string] => [
      name,
      spell(socket).replace('vm.qmp', 'qplug.sock'),
    ]);
    for (const [name, path] of [['its name', 'build'], ['its path', socket], ...spelled]) {
      const { exit, err } = await say('attach', path ?? '', DEVICE, '--live');
      expect([exit, err], name).toEqual([5, expect.stringContaining('build')]);
    }
    expect(await claims()).toEqual([]);
  });

  test('and so does the policy of the host, whether its rule says the name or a path', async () => {
    const socket = await running();
    const folderOfPolicy = mkdtempSync(join(folder, 'policy-'));
    for (const vm of ['build', socket, `/proc/self/root${socket}`]) {
      const path = join(folderOfPolicy, 'policy.yaml');
      writeFileSync(path, `deny: [{ class: "03", vm: ${JSON.stringify(vm)} }]\n`);
      for (const word of ['build', `/proc/self/root${socket}`, linked(socket)]) {
        const { exit, err } = await run(['attach', word, DEVICE, '--live'], { env, sysfs, policy: path });
        expect([exit, err], `${vm} ${word}`).toEqual([5, expect.stringContaining('policy.yaml')]);
      }
    }
  });
});
