import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ensureQemuRelease, qemuCommand } from '../../scripts/qemu-releases.mjs';
import { ensureStandIn } from '../../scripts/usb-stand-in.mjs';
import { type PlainQemu, startQemuOf } from '../qemu/harness/plain-qemu.js';
import { type Ran, qplug as run } from '../unit/cli/fake-terminal.js';
import { ChangingHost, DOWNLOAD, idOf, LOCATION, MODEM, type Mode } from './harness/changing-host.js';

/*
 * A device that changes its mode: a modem, a phone or a board with a boot loader disconnects and comes back as another device at the same
 * connector. The QEMU is real, and its host a stand-in. Its xHCI has one port, so an object that stays behind blocks it.
 */
let folder: string;
let program: Parameters<typeof startQemuOf>[0];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'qplug-modes-'));
  const found = await ensureQemuRelease('7.2');
  const standIn = ensureStandIn((line) => console.log(line));
  const stand = { USB_STAND_IN_DEVICES: join(folder, 'devices'), USB_STAND_IN_LOG: join(folder, 'log') };
  program = { command: qemuCommand(found, { librariesFirst: [standIn] }), env: { ...found.env, ...stand } };
});
afterAll(() => rmSync(folder, { recursive: true }));

let host: ChangingHost;
let qemu: PlainQemu;
let env: Record<string, string>;
beforeEach(async () => {
  const own = mkdtempSync(join(folder, 'vm-'));
  env = {
    PATH: process.env['PATH'] ?? '',
    QPLUG_RUNTIME_DIR: join(own, 'run'),
    QPLUG_STATE_DIR: join(own, 'state'),
  };
  host = new ChangingHost(join(folder, 'devices'));
  plug(MODEM);
  qemu = await startQemuOf(
    program,
    ...['-machine', 'pc', '-accel', 'tcg', '-m', '32', '-device', 'qemu-xhci,id=x,p2=1,p3=1'],
  );
});
afterEach(() => qemu[Symbol.asyncDispose]());

const plug = (mode: Mode | undefined): void => host.plug(mode);

const qplug = (...words: string[]): Promise<Ran> => run(words, { env, sysfs: host.sysfs });

async function must(...words: string[]): Promise<Ran> {
  const ran = await qplug(...words);
  expect(ran.exit, ran.err).toBe(0);
  return ran;
}

interface Status {
  readonly topology: {
    readonly controllers: readonly { readonly devices: readonly { readonly id: string; readonly port: string }[] }[];
  };
  readonly findings: readonly { readonly code: string; readonly fix?: string }[];
}

const status = async (): Promise<Status> => JSON.parse((await must('status', qemu.socket, '--json')).out);
const inVm = async (): Promise<string[]> =>
  (await status()).topology.controllers.flatMap(({ devices }) => devices.map(({ id, port }) => `${id} on ${port}`));
const claimed = async (): Promise<string[]> =>
  (JSON.parse((await must('claims', '--json')).out).claims as { device: { id: string }; state: string }[]).map(
    ({ device, state }) => `${device.id} ${state}`,
  );

/** Runs the lines of a fix in a shell, and the commands that it calls in qplug. */
async function type(fix: string): Promise<Ran> {
  const bin = mkdtempSync(join(folder, 'bin-'));
  writeFileSync(join(bin, 'qplug'), `#!/bin/sh\nprintf '%s\\0' "$@" >${bin}/words\n`);
  chmodSync(join(bin, 'qplug'), 0o755);
  execFileSync('/bin/sh', ['-c', fix], { env: { PATH: bin } });
  return await must(...readFileSync(join(bin, 'words'), 'utf8').split('\0').slice(0, -1));
}

describe('a device that comes back as another one at its connector', () => {
  test.each([
    ['its port', '1-2'],
    ['the other half of its connector', '2-2'],
    ['its place on the host controller', LOCATION],
    ['its ids', '0627:9201'],
    ['its serial number', 'serial=SERIAL-9201'],
    ['words of its name', 'qemu usb tablet'],
    ['its address', '@1.9'],
  ])('named by %s has the one port there is', async (_, selector) => {
    await must('attach', qemu.socket, '1-2');
    expect(await inVm()).toEqual([`${idOf(0x701a)} on 1`]);
    plug(DOWNLOAD);
    const { err } = await must('attach', qemu.socket, selector);
    expect(err).toMatch(/^note: qplug first removed qplug-0627-701a-1-2, left over from 0627:701a /m);
    expect(await inVm()).toEqual([`${idOf(0x9201)} on 1`]);
    expect(await claimed()).toEqual([`${idOf(0x9201)} attached`]);
    expect((await status()).findings.map(({ code }) => code)).toEqual([]);
    plug(MODEM);
    await must('attach', qemu.socket, '1-2');
    expect([await inVm(), await claimed()]).toEqual([[`${idOf(0x701a)} on 1`], [`${idOf(0x701a)} attached`]]);
  });

  test('the same ids with another serial number: one claim is left', async () => {
    await must('attach', qemu.socket, '1-2');
    plug({ ...MODEM, address: 9, serial: 'ANOTHER' });
    await must('attach', qemu.socket, '1-2');
    expect([await inVm(), await claimed()]).toEqual([[`${idOf(0x701a)} on 1`], [`${idOf(0x701a)} attached`]]);
  });

  test('what status says to type is true: the detach that it prints, and the attach', async () => {
    await must('attach', qemu.socket, '1-2');
    plug(DOWNLOAD);
    const stale = async () => (await status()).findings.find(({ code }) => code === 'stale-device')?.fix ?? '';
    const told = await stale();
    await type(told);
    expect([await inVm(), await claimed()]).toEqual([[], []]);
    plug(MODEM);
    await must('attach', qemu.socket, '1-2');
    plug(DOWNLOAD);
    const [, attach = ''] = /: (qplug attach .*)$/m.exec(await stale()) ?? [];
    await type(attach);
    expect(await inVm()).toEqual([`${idOf(0x9201)} on 1`]);
  });

  test('nothing plugged in there: status says to detach alone', async () => {
    await must('attach', qemu.socket, '1-2');
    plug(undefined);
    const [{ code, fix = '' } = { code: '' }] = (await status()).findings;
    expect([code, fix]).toEqual(['stale-device', `qplug detach ${qemu.socket} ${idOf(0x701a)}`]);
    await type(fix);
    expect([await inVm(), await claimed()]).toEqual([[], []]);
  });

  test.each(['1-2', '2-2', LOCATION])('detach %s takes out what it left', async (word) => {
    await must('attach', qemu.socket, '1-2');
    plug(DOWNLOAD);
    await must('detach', qemu.socket, word);
    expect([await inVm(), await claimed()]).toEqual([[], []]);
  });

  test('ids of the new mode do not mean the object of the old one', async () => {
    await must('attach', qemu.socket, '1-2');
    plug(DOWNLOAD);
    expect((await qplug('detach', qemu.socket, '0627:9201')).exit).toBe(3);
    expect(await inVm()).toEqual([`${idOf(0x701a)} on 1`]);
  });

  test('that QEMU can not open: all is undone, but nothing brings back what is gone', async () => {
    await must('attach', qemu.socket, '1-2');
    plug({ ...DOWNLOAD, openError: -3 });
    expect((await qplug('attach', qemu.socket, '1-2')).exit).toBe(1);
    expect([await inVm(), await claimed()]).toEqual([[], []]);
    plug(DOWNLOAD);
    await must('attach', qemu.socket, '1-2');
    expect(await inVm()).toEqual([`${idOf(0x9201)} on 1`]);
  });

  test('an object that looks like ours, but that nobody claimed, is left alone', async () => {
    const by = { driver: 'usb-host', id: idOf(0x701a), bus: 'x.0', port: '1', hostbus: 1, hostaddr: 2 };
    await must('qmp', qemu.socket, 'device_add', JSON.stringify(by));
    plug(DOWNLOAD);
    const { exit, err } = await qplug('attach', qemu.socket, '1-2');
    expect([exit, err]).toEqual([6, expect.stringContaining(`in use: by ${idOf(0x701a)}`)]);
    expect(await inVm()).toEqual([`${idOf(0x701a)} on 1`]);
    // and status still reports the truth
    const [{ fix = '' } = {}] = (await status()).findings;
    await type(fix);
    expect(await inVm()).toEqual([]);
  });
});
