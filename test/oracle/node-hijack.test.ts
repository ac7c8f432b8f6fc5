import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { root } from '../../scripts/folders.mjs';
import { ensureStandIn } from '../../scripts/usb-stand-in.mjs';
import { poll } from '../../src/base/index.js';
import { attack, VM_USER } from '../attackers/users.js';
import { patience } from '../patience.js';
import { bundledProgram } from './harness/bundled-program.js';
import { TABLET } from './harness/recorded-tablet.js';
import { standInFile } from './harness/stand-in-device.js';

/*
 * Root grants a device's node to the user of a QEMU that another program started, while a third user does all that a user can so that qplug
 * takes their process for that QEMU. The nodes are in a mount namespace of their own; the QEMU is real, and its libusb a stand-in. This
 * needs root.
 */
const NODE = '/dev/bus/usb/001/002';
const RECORDING = join(root, 'test/fixtures/sysfs/six-devices.json');

/** A /dev with what a program needs, and the node of the device at 1-2, which tests open but do not read. */
const SETUP = `set -e
mount -t tmpfs -o mode=755 tmpfs /dev
mknod -m 666 /dev/null c 1 3; mknod -m 666 /dev/zero c 1 5; mknod -m 666 /dev/random c 1 8; mknod -m 666 /dev/urandom c 1 9
mkdir -p /dev/shm /dev/bus/usb/001; mknod -m 664 ${NODE} c 1 3
echo ready; exec sleep 600`;

let folder: string;
let socket: string;
let program: string;
let qemu: ChildProcess;
let namespace: ChildProcess;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'qplug-hijack-'));
  chmodSync(folder, 0o755);
  program = await bundledProgram('killed-qplug', folder);
  namespace = spawn('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', SETUP], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const isReady = await Promise.race([
    once(namespace.stdout ?? namespace, 'data').then(() => true),
    once(namespace, 'exit').then(() => false),
  ]);
  expect(isReady, 'the namespace with its own device nodes').toBe(true);
  const own = join(folder, 'of-vm');
  mkdirSync(own);
  chownSync(own, VM_USER.uid, VM_USER.gid);
  socket = join(own, 'qmp.sock');
  // QEMU's user may not be able to enter the project's folder
  const libraries = join(folder, 'lib');
  mkdirSync(libraries);
  chmodSync(libraries, 0o755);
  const standIn = ensureStandIn((line) => console.log(line));
  for (const name of readdirSync(standIn)) {
    copyFileSync(join(standIn, name), join(libraries, name));
    chmodSync(join(libraries, name), 0o644); // no other user may be able to read it where it was built
  }
  writeFileSync(join(folder, 'devices'), standInFile([TABLET]));
  chmodSync(join(folder, 'devices'), 0o644);
  const args = [
    '-S',
    '-display',
    'none',
    '-nodefaults',
    '-machine',
    'pc,accel=tcg',
    '-m',
    '32',
    '-device',
    'qemu-xhci,id=x',
  ];
  qemu = spawn('qemu-system-x86_64', [...args, '-qmp', `unix:${socket},server=on,wait=off`], {
    ...{ uid: VM_USER.uid, gid: VM_USER.gid, cwd: '/', stdio: ['ignore', 'ignore', 'inherit'] },
    env: {
      ...{ PATH: process.env['PATH'], LD_LIBRARY_PATH: libraries },
      ...{ USB_STAND_IN_DEVICES: join(folder, 'devices'), USB_STAND_IN_LOG: join(own, 'log') },
    },
  });
  await poll(() => (existsSync(socket) ? true : undefined), { interval: 20, signal: patience() });
});
afterAll(() => {
  qemu?.kill('SIGKILL');
  namespace?.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

async function qplug(
  ...words: readonly string[]
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const log = join(folder, 'marks');
  const command = [process.execPath, program, RECORDING, log, '0', 'qplug', ...words];
  const child = spawn('nsenter', [`--target=${namespace.pid}`, '--mount', '--root', '--wd', ...command], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, QPLUG_RUNTIME_DIR: join(folder, 'run'), QPLUG_STATE_DIR: join(folder, 'state') },
  });
  let [out, err] = ['', ''];
  child.stdout.on('data', (text) => (out += String(text)));
  child.stderr.on('data', (text) => (err += String(text)));
  const [code] = await once(child, 'close');
  return { code, out, err };
}

test('the node is given to the user of the QEMU that answers, and never to who forges lines of sockets', async () => {
  await using _forger = await attack('forger.mjs', ['names', 'mine', '0', '120', socket]);
  await using opener = await attack('opener.mjs', [NODE, '120'], namespace.pid);
  for (let round = 0; round < 3; round++) {
    const attached = await qplug('attach', socket, '1-2', '--timeout', '60');
    expect(attached.code, attached.err).toBe(0);
    const { claims } = JSON.parse((await qplug('claims', '--json')).out);
    expect(claims).toMatchObject([{ pid: qemu.pid, state: 'attached' }]);
    const detached = await qplug('detach', socket, '1-2', '--timeout', '60');
    expect(detached.code, detached.err).toBe(0);
  }
  const grants = readFileSync(join(folder, 'marks.grants'), 'utf8').trim().split('\n');
  expect(grants.length).toBeGreaterThanOrEqual(3);
  expect(new Set(grants)).toEqual(new Set([`${NODE} ${VM_USER.uid}`]));
  expect(opener.lines).toEqual(['ready']);
}, 180_000);
