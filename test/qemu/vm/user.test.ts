import { execFileSync } from 'node:child_process';
import { chmodSync, lstatSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { rightsOf } from '../../../src/base/index.js';
import type { QplugError } from '../../../src/diag/index.js';
import { attach, findVm, killVm, openVm, type RunningVm, statusOf } from '../../../src/vm/index.js';
import { writeEmptyImage } from '../harness/empty-image.js';
import { StartedVms } from '../harness/started-vms.js';
import { processesOf, stateLeft, type World } from '../harness/vm-world.js';

const NOBODY = 65534;
const isRoot = process.getuid?.() === 0;

let vms: StartedVms;
let world: World;
beforeEach(() => {
  vms = new StartedVms();
  world = vms.world;
});
afterEach(() => vms[Symbol.asyncDispose]());

const start = (text: string, user?: string): Promise<RunningVm> => vms.start(text, { user });

const failing = (work: Promise<unknown>): Promise<QplugError> =>
  work.then(
    () => expect.fail('it went through'),
    (error) => error,
  );

const PLAIN = 'accel: [tcg]\nmemory: 64M\n';

// whoever is not root can start nothing as somebody else: that is what is tried then
describe('a QEMU of another user', () => {
  test('has the ids of that user, no group and no right of root', async () => {
    if (!isRoot) {
      expect((await failing(start(`${PLAIN}qemu: { user: nobody }\n`))).code).toBe('user-needs-root');
      expect(stateLeft(world)).toEqual([]);
      return;
    }
    const { record } = await start(`${PLAIN}qemu: { user: nobody }\n`);
    const pid = record.qemu?.pid ?? 0;
    expect(rightsOf(pid)).toEqual({ uids: Array(4).fill(NOBODY), gids: Array(4).fill(NOBODY), groups: [] });
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    // the sandbox, where this build has one: Debian's and Fedora's have
    expect(status).toMatch(/^NoNewPrivs:\s+1$/m);
    expect(status).toMatch(/^Seccomp:\s+2$/m);
    expect(status).toMatch(/^CapPrm:\s+0+$/m);
    expect(status).toMatch(/^CapEff:\s+0+$/m);
    const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
    expect(environment).toContain('HOME=/');
    expect(environment.filter((one) => /^(XDG_|SSH_|DBUS_|NODE_|VITEST|SUDO_)/.test(one))).toEqual([]);
  });

  test('serves sockets that stay those of root, in a folder that it can not enter', async () => {
    if (!isRoot) return void expect((await failing(start(PLAIN, 'nobody'))).code).toBe('user-needs-root');
    const { record } = await start(PLAIN, 'nobody');
    const folder = world.host.registry.folderOf('bench');
    expect([statSync(folder).uid, statSync(folder).mode & 0o777]).toEqual([0, 0o700]);
    for (const path of [record.sockets.qplug, record.sockets.owner, record.log]) {
      expect([path, lstatSync(path).uid, lstatSync(path).mode & 0o777]).toEqual([path, 0, 0o600]);
    }
    expect(readdirSync(folder).sort()).toEqual([
      'qemu.log',
      'qemu.log.pipe',
      'qmp.sock',
      'qplug.sock',
      'started',
      'vm.json',
    ]);
    // one after the other, several times: each has its one client at a time
    for (const socket of [record.sockets.owner, record.sockets.qplug, 'bench', record.sockets.qplug]) {
      await using vm = await openVm(socket, world.host, world.operation());
      expect((await statusOf(vm, world.host, world.operation())).run).toBe('running');
    }
  });

  test('takes and gives devices as any other, and ends when it is told to', async () => {
    if (!isRoot) return void expect((await failing(start(PLAIN, 'nobody'))).code).toBe('user-needs-root');
    await start(`${PLAIN}usb: { devices: [{ emulated: usb-mouse }] }\n`, 'nobody');
    {
      await using vm = await openVm('bench', world.host, world.operation());
      const request = { selectors: [], emulated: ['usb-tablet'] };
      const { devices } = await attach(vm, request, world.host, world.operation());
      expect(devices).toMatchObject([{ id: 'qplug-usb-tablet', outcome: 'attached' }]);
    }
    expect(await killVm(await findVm('bench', world.host), world.host, world.operation())).toMatchObject({
      by: 'quit',
    });
    expect(stateLeft(world)).toEqual([]);
  });

  test('a drive that it may not open is told before anything is started', async () => {
    if (!isRoot) return void expect((await failing(start(PLAIN, 'nobody'))).code).toBe('user-needs-root');
    writeEmptyImage(join(world.folder, 'disk.img'), 'raw');
    chmodSync(world.folder, 0o755);
    chmodSync(join(world.folder, 'disk.img'), 0o600);
    const text = `${PLAIN}drives: [{ file: disk.img }]\n`;
    const error = await failing(start(text, 'nobody'));
    expect(error.findings).toMatchObject([{ code: 'drive-denied', location: { line: 3 } }]);
    expect(stateLeft(world)).toEqual([]);
    expect(processesOf(world)).toEqual([]);
    execFileSync('chown', ['nobody', join(world.folder, 'disk.img')]);
    expect((await start(text, 'nobody')).findings).toEqual([]);
  });
});
