import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { recordedSysfs } from '../../../src/host/index.js';
import { PlaceStore } from '../../../src/registry/index.js';
import { documentOf, qplug } from '../../unit/cli/fake-terminal.js';
import { recording } from '../../unit/host/recordings.js';
import { schemaErrors } from '../../unit/view/documents/schemas.js';
import { everyElement, parseStrictXml } from '../../unit/view/picture/strict-xml.js';
import { writeEmptyImage } from '../harness/empty-image.js';
import { type PlainQemu, startQemu } from '../harness/plain-qemu.js';

describe('the state of a QEMU that somebody else started', () => {
  test('is saved, listed, restored and deleted, in documents as promised and in words', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'qplug-states-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const image = join(folder, 'disk.qcow2');
    writeEmptyImage(image, 'qcow2');
    await using qemu = await startQemu(
      ...['-machine', 'pc', '-accel', 'tcg', '-m', '32', '-device', 'qemu-xhci,id=x'],
      ...['-drive', `file=${image},format=qcow2,if=none,id=disk`, '-device', 'virtio-blk-pci,drive=disk'],
    );
    const env = { PATH: process.env['PATH'], QPLUG_RUNTIME_DIR: join(folder, 'run') };
    const json = (...words: string[]) => documentOf(['snapshot', ...words], { env });
    const said = (...words: string[]) => qplug(['snapshot', ...words], { env });
    expect((await said('list', qemu.socket)).out).toBe(`${qemu.socket} has no snapshots\n`);
    expect((await said('restore', qemu.socket)).err).toMatch(
      /needs a tag.*has no snapshots.*qplug snapshot save \S+ clean$/ms,
    );
    const saved = await json('save', qemu.socket, 'clean');
    expect(saved).toMatchObject({ schema: 'urn:qplug:snapshot-save:1', tag: 'clean', disks: ['disk'], devices: [] });
    const listed = await json('list', qemu.socket);
    expect(listed).toMatchObject({
      snapshots: [{ tag: 'clean', disks: ['disk'], missingOn: [], known: true, clock: 0 }],
    });
    expect((await said('list', qemu.socket)).out).toMatch(
      /^TAG +MADE +SIZE +CLOCK +USB +DISKS\nclean +\d{4}-\d\d-\d\d \d\d:\d\d +[\d.]+ [KM]iB +00:00:00 +known +disk\n$/,
    );
    const restored = await json('restore', qemu.socket, 'clean');
    expect(restored).toMatchObject({ schema: 'urn:qplug:snapshot-restore:1', runs: false, added: [], removed: [] });
    expect((await said('restore', qemu.socket, 'clean')).out).toMatch(
      / is restored from clean; its guest is paused\n$/,
    );
    expect((await said('delete', qemu.socket)).err).toMatch(/ {2}fix {2}qplug snapshot delete \S+ clean$/m);
    const deleted = await json('delete', qemu.socket, 'clean');
    expect(deleted).toMatchObject({ schema: 'urn:qplug:snapshot-delete:1', tag: 'clean', disks: ['disk'] });
    for (const document of [saved, listed, restored, deleted]) expect(schemaErrors(document)).toEqual([]);
    expect((await said('save', qemu.socket)).out).toMatch(
      / is saved as \d{4}-\d\d-\d\d-\d{6}: [\d.]+ [KM]iB in disk\n$/,
    );
    for (const [words, exit, what] of [
      [['delete', qemu.socket, 'clean'], 3, /has no snapshot clean/],
      [['save', qemu.socket, 'a b'], 2, /is not a valid snapshot tag/],
      [['list', qemu.socket, 'clean'], 2, /takes no tag/],
      [['restore', qemu.socket, 'clean', '--keep'], 2, /--keep/],
      [['safe', qemu.socket, 'clean'], 2, /does not know "safe".*fix {2}qplug snapshot save/s],
    ] as const) {
      const { exit: code, out, err } = await said(...words);
      expect([code, out]).toEqual([exit, '']);
      expect(err).toMatch(what);
    }
  });
});

/** The documents of the commands that need a VM, from a VM. */
describe('a QEMU that somebody else started', () => {
  let qemu: PlainQemu;
  let socket: string;
  const env = { PATH: process.env['PATH'], QPLUG_RUNTIME_DIR: '/nonexistent' };
  const json = (...words: string[]): Promise<Record<string, unknown>> => documentOf(words, { env });

  beforeAll(async () => {
    qemu = await startQemu(
      ...['-machine', 'pc', '-accel', 'tcg', '-usb', '-device', 'usb-mouse'],
      ...['-device', 'usb-ehci,id=ehci', '-device', 'usb-host,vendorid=0x1d6b,productid=0xfffe,bus=ehci.0,id=absent'],
    );
    socket = qemu.socket;
  });
  afterAll(() => qemu[Symbol.asyncDispose]());

  test('attach is as promised, for what is new and what is added for it', async () => {
    const document = await json('attach', socket, '--emulated', 'usb-kbd', '--emulated', 'usb-tablet');
    expect(document).toMatchObject({ schema: 'urn:qplug:attach:1', vm: socket });
    expect(document['devices']).toMatchObject([
      { outcome: 'attached', host: null },
      { outcome: 'attached', host: null },
    ]);
    expect(schemaErrors(document)).toEqual([]);
  });

  test('status is as promised, with what others plugged and what is not there', async () => {
    const document = await json('status', socket);
    expect(document).toMatchObject({ schema: 'urn:qplug:status:1', socket, state: 'prelaunch' });
    expect(JSON.stringify(document['topology'])).toContain('"usb-mouse"');
    expect(JSON.stringify(document['topology'])).toContain('"id":"absent"');
    expect(schemaErrors(document)).toEqual([]);
  });

  test('status for people shows every device, none of them twice', async () => {
    const { exit, out } = await qplug(['status', socket], { env });
    expect(exit).toBe(0);
    expect(out).toMatch(/^\S+ {2}prelaunch {2}QEMU \d/);
    for (const name of ['qplug-usb-kbd', 'qplug-usb-tablet', 'absent']) {
      expect(out.split('\n').filter((line) => line.endsWith(name))).toHaveLength(1);
    }
  });

  test('status as a picture shows every device', async () => {
    const { exit, out } = await qplug(['status', socket, '--svg', '-'], { env });
    expect(exit).toBe(0);
    const texts = everyElement(parseStrictXml(out)).flatMap(({ name, text }) => (name === 'text' ? [text] : []));
    for (const name of ['qplug-usb-kbd', 'qplug-usb-tablet', 'absent']) {
      expect(texts.filter((text) => text === name)).toHaveLength(1);
    }
  });

  test('a plan for a VM that runs is drawn, what has no port as well', async () => {
    const { exit, out } = await qplug(['plan', socket, 'serial=HS0001', '--controller', 'nothing', '--svg', '-'], {
      env,
      sysfs: recordedSysfs(recording('six-devices')),
    });
    expect(exit).toBe(2);
    expect(parseStrictXml(out).children[1]?.text).toMatch(/1 without a port\. No port for 46f4:0001/);
  });

  test('plan with a device that is not there is an error as promised', async () => {
    const document = await json('plan', socket, 'dead:beef');
    expect(document).toMatchObject({ schema: 'urn:qplug:error:1', code: 'device-not-found', exit: 3 });
    expect(schemaErrors(document)).toEqual([]);
  });

  test('plan --count is as promised: what is free now, and with hubs', async () => {
    const document = await json('plan', socket, '--count');
    expect(document).toMatchObject({ schema: 'urn:qplug:room:1', vm: socket });
    const { topology } = (await json('status', socket)) as { topology: { controllers: { free: string[] }[] } };
    const free = topology.controllers.flatMap((one) => one.free).length;
    const room = document['room'] as { megabits: number; now: number; most: number }[];
    const now = room.map((one) => one.now);
    expect(Math.max(...now)).toBeLessThanOrEqual(free);
    expect(room.at(-1)).toMatchObject({ megabits: 5000, now: 0, most: 0 });
    expect(schemaErrors(document)).toEqual([]);
  });

  test('qmp is as promised, for an answer and for a refusal', async () => {
    const answer = await json('qmp', socket, 'query-status');
    expect(answer).toMatchObject({ schema: 'urn:qplug:qmp:1', return: { running: false } });
    const refusal = await json('qmp', socket, 'device_del', '{"id": "nothing"}');
    expect(refusal).toMatchObject({ schema: 'urn:qplug:error:1', code: 'qmp-command-failed', exit: 1 });
    expect([...schemaErrors(answer), ...schemaErrors(refusal)]).toEqual([]);
  });

  test('detach is as promised, and what is not there is an error as promised', async () => {
    const document = await json('detach', socket, 'qplug-usb-kbd');
    expect(document).toMatchObject({ schema: 'urn:qplug:detach:1', devices: [{ id: 'qplug-usb-kbd', host: null }] });
    const again = await json('detach', socket, 'qplug-usb-kbd');
    expect(again).toMatchObject({ code: 'not-attached', exit: 3 });
    expect([...schemaErrors(document), ...schemaErrors(again)]).toEqual([]);
  });

  test('a shutdown of a guest that does not run is an error as promised', async () => {
    const document = await json('shutdown', socket);
    expect(document).toMatchObject({ code: 'shutdown-ignored', exit: 1 });
    expect(schemaErrors(document)).toEqual([]);
  });

  test('a migration that can not begin is an error as promised', async () => {
    const document = await json('migrate', socket, 'unix:/nonexistent/other.sock');
    const findings = [{ code: 'migration-holds-devices' }, {}, { code: 'migration-nobody-listens' }];
    expect(document).toMatchObject({ code: 'migration-holds-devices', exit: 5, findings });
    const unknown = await json('migrate', socket, 'exec:cat');
    expect(unknown).toMatchObject({ code: 'migration-uri-invalid', exit: 2 });
    expect([...schemaErrors(document), ...schemaErrors(unknown)]).toEqual([]);
  });

  test('migrate is as promised', async () => {
    const board = ['-machine', 'pc', '-accel', 'tcg'];
    await using here = await startQemu(...board, '-device', 'qemu-xhci,id=x');
    const uri = `unix:${here.folder}/in.sock`;
    await using _there = await startQemu(...board, '-device', 'qemu-xhci,id=x', '-incoming', uri);
    const document = await json('migrate', here.socket, uri, '--end');
    expect(document).toMatchObject({ schema: 'urn:qplug:migrate:1', vm: here.socket, uri, devices: [], ended: 'quit' });
    expect(schemaErrors(document)).toEqual([]);
  });

  test('kill is as promised', async () => {
    const document = await json('kill', socket);
    expect(document).toMatchObject({ schema: 'urn:qplug:end:1', vm: socket, by: 'quit' });
    expect(schemaErrors(document)).toEqual([]);
  });
});

describe('a VM of a file', () => {
  /** Where a device was that is away now. */
  const PLACE = { bus: 'xhci.0', port: '3' };
  let folder: string;
  let file: string;
  let env: Record<string, string | undefined>;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'qplug-cli-'));
    file = join(folder, 'bench.yaml');
    env = { PATH: process.env['PATH'], QPLUG_RUNTIME_DIR: join(folder, 'run') };
    writeFileSync(
      file,
      [
        'machine: pc',
        'accel: [tcg]',
        'memory: 64M',
        'qemu: { args: [-nodefaults, -S] }',
        'usb: { devices: [{ emulated: usb-tablet }, dead:beef] }',
      ].join('\n'),
    );
    const who = { controller: '0000:00:14.0', chain: [2], vendorId: 0xdead, productId: 0xbeef };
    new PlaceStore(join(folder, 'run', 'state')).write({
      format: 1,
      vm: 'bench',
      controllers: [],
      devices: [{ who, select: 'dead:beef', label: 'dead:beef \x1b[31m"drill" at 1-2', ...PLACE }],
    });
  });
  afterAll(async () => {
    await qplug(['kill', file], { env });
    rmSync(folder, { recursive: true });
  });

  test('run, list, plan of the running one, and kill are as promised', async () => {
    const started = await documentOf(['run', file, '--detach'], { env });
    expect(started).toMatchObject({
      schema: 'urn:qplug:run:1',
      vm: 'bench',
      paused: true,
      devices: [{ id: 'usb-tablet', megabits: 480, native: 480 }],
      findings: [{ code: 'device-missing', severity: 'warning' }],
    });
    const listed = await documentOf(['list'], { env });
    expect(listed).toMatchObject({ schema: 'urn:qplug:list:1', vms: [{ name: 'bench', file, pid: started['pid'] }] });
    const status = await documentOf(['status', file], { env });
    expect(status).toMatchObject({ vm: 'bench', findings: [{ code: 'wanted-not-plugged-in', severity: 'note' }] });
    expect(status).toMatchObject({ kept: [{ ...PLACE, label: 'dead:beef \\x1b[31m"drill" at 1-2' }] });
    const planned = await documentOf(['plan', file], { env });
    expect(planned['kept']).toEqual(status['kept']);
    const tree = await qplug(['status', file], { env });
    expect(tree.out).toMatch(/kept: 3 \(1\.5M 12M 480M 5G\), for dead:beef \\x1b\[31m"drill" at 1-2$/m);
    const { out: svg } = await qplug(['status', file, '--svg', '-'], { env });
    const texts = everyElement(parseStrictXml(svg)).flatMap(({ name, text }) => (name === 'text' ? [text] : []));
    expect(texts).toContain('kept for dead:beef \\x1b[31m"drill" at 1-2');
    const twice = await documentOf(['run', file, '--detach'], { env });
    expect(twice).toMatchObject({ code: 'vm-exists', exit: 5 });
    const people = await qplug(['list'], { env });
    expect(people.out).toMatch(/^NAME +PID +STARTED +FILE/);
    expect(people.out).toContain(file);
    const ended = await documentOf(['kill', 'bench'], { env });
    expect(ended).toMatchObject({ schema: 'urn:qplug:end:1', vm: 'bench' });
    expect([started, listed, status, planned, twice, ended].flatMap(schemaErrors)).toEqual([]);
    expect(readdirSync(join(folder, 'run', 'vm'))).toEqual([]);
  });
});

test('doctor is as promised, and finds this QEMU', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'qplug-doctor-'));
  const env = { PATH: process.env['PATH'], QPLUG_RUNTIME_DIR: folder };
  const document = await documentOf(['doctor'], { env });
  rmSync(folder, { recursive: true });
  expect(document).toMatchObject({ schema: 'urn:qplug:doctor:1', healthy: true });
  expect(document['checks']).toContainEqual(expect.objectContaining({ name: 'QEMU', passed: true }));
  expect(schemaErrors(document)).toEqual([]);
});
