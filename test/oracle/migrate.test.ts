import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RELEASES } from '../../scripts/qemu-releases.mjs';
import type { HostAccess } from '../../src/access/index.js';
import { type QplugError, describe as words } from '../../src/diag/index.js';
import { recordedSysfs } from '../../src/host/index.js';
import { attach, migrate, openVm, parseMigrationUri } from '../../src/vm/index.js';
import { makeWorld, type World } from '../qemu/harness/vm-world.js';
import { recording } from '../unit/host/recordings.js';
import { OracleQemu, type StandInDevice } from './harness/oracle-qemu.js';

/** The tablet of the recorded host, as libusb reports it. */
const TABLET: StandInDevice = {
  ...{ bus: 1, address: 2, port: '2', speed: 'high', vendorId: 0x0627, productId: 1 },
  configurations: [
    {
      interfaces: [
        {
          altSettings: [
            {
              ...{ class: 3, subclass: 0, protocol: 0 },
              endpoints: [{ address: 0x81, type: 'interrupt', maxPacketSize: 8, streams: 0 }],
            },
          ],
        },
      ],
    },
  ],
};
const ID = 'qplug-0627-0001-1-2';
const BOARD = ['-machine', 'pc', '-accel', 'tcg', '-m', '32M', '-device', 'qemu-xhci,id=x,p2=4,p3=4'];
const KBD = ['-device', 'usb-kbd,id=kbd,bus=x.0,port=3'];

let world: World;
let host: HostAccess;
beforeEach(() => {
  world = makeWorld();
  host = { ...world.host, sysfs: recordedSysfs(recording('six-devices')) };
});
afterEach(() => world[Symbol.dispose]());

describe.each(RELEASES)('a guest of QEMU $name with a usb-host', ({ name: release }) => {
  const socket = (): string => join(world.folder, 'vm.qmp');
  const incoming = (): string => `unix:${join(world.folder, 'in.sock')}`;

  /** It runs, and has the tablet on port 2. */
  async function here(): Promise<OracleQemu> {
    const monitor = ['-qmp', `unix:${socket()},server=on,wait=off`];
    const qemu = await OracleQemu.start({ release, args: [...BOARD, ...KBD, ...monitor], host: [TABLET] });
    await qemu.ask('cont');
    const operation = world.operation();
    await using vm = await openVm(socket(), host, operation);
    await attach(vm, { selectors: ['1-2'], port: '2' }, host, operation);
    return qemu;
  }

  const there = (...args: string[]): Promise<OracleQemu> =>
    OracleQemu.start({ release, args: [...BOARD, ...args, '-incoming', incoming()] });

  async function send(uri: string) {
    const operation = world.operation();
    await using vm = await openVm(socket(), host, operation);
    const request = { uri: parseMigrationUri(uri, world.folder), withDetached: true, end: false };
    return await migrate(vm, request, host, operation);
  }

  const places = async (qemu: OracleQemu): Promise<string[]> =>
    (await qemu.observe()).controllers.flatMap(({ devices }) =>
      devices.map(({ driver, id, port, megabits, attached }) => [driver, id, port, megabits, attached].join(' ')),
    );
  const run = async (qemu: OracleQemu): Promise<unknown> => {
    const reply = await qemu.ask('query-status');
    return 'ok' in reply ? (reply.ok as { status: string }).status : reply;
  };

  test('arrives without it, the host has it back; a guest that is refused goes on here, with it', async () => {
    await using from = await here();
    const before = await places(from);
    expect(before).toContain(`usb-host ${ID} 2 480 true`);
    {
      // it lacks the keyboard
      await using _other = await there();
      const error: QplugError = await send(incoming()).then(
        () => expect.fail('it went through'),
        (reason) => reason,
      );
      expect(error.findings).toMatchObject([{ code: 'migration-failed' }]);
    }
    expect([await run(from), await places(from)]).toEqual(['running', before]);
    expect(host.claims.list()).toMatchObject([{ device: ID, state: 'attached' }]);
    await using to = await there(...KBD);
    const report = await send(incoming());
    expect(report.devices).toMatchObject([{ bus: 'x.0', port: '2' }]);
    expect([await run(from), await places(from)]).toEqual(['postmigrate', ['usb-kbd kbd 3 480 true']]);
    expect(await places(to)).toEqual(['usb-kbd kbd 3 480 true']);
    expect((await from.standInLog()).filter((line) => /attach-driver|close/.test(line)).slice(-2)).toEqual([
      '1.2 attach-driver 0',
      '1.2 close',
    ]);
    expect(host.claims.list()).toEqual([]);
  });

  test('goes into a file, where QEMU has that', async () => {
    await using from = await here();
    const path = join(world.folder, 'guest');
    if (from.version.major < 8) {
      const error: QplugError = await send(`file:${path}`).then(
        () => expect.fail('it went through'),
        (reason) => reason,
      );
      expect(error.findings).toMatchObject([{ code: 'migration-file-unknown' }]);
      expect([existsSync(path), await run(from)]).toEqual([false, 'running']);
      return;
    }
    await send(`file:${path}`);
    expect(await run(from)).toBe('postmigrate');
    expect(statSync(path).size).toBeGreaterThan(100_000);
    const again: QplugError = await send(`file:${path}`).catch((error) => error);
    expect(words(again.findings[0]).why).toMatch(/already left/);
    await using to = await OracleQemu.start({ release, args: [...BOARD, ...KBD, '-incoming', `file:${path}`] });
    await expect.poll(() => run(to)).toMatch(/^(paused|prelaunch)$/);
    expect(await places(to)).toEqual(['usb-kbd kbd 3 480 true']);
  });
});
