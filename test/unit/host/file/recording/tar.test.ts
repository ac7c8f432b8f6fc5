import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { type HostInventory, readHostFile } from '../../../../../src/host/index.js';
import { inventoryOf, NO_IDS, plant, recording } from '../../recordings.js';
import { all, decode, fixture, refusal } from '../fixtures.js';
import { type Packed, pax, tar, tarOf, withSum } from '../tar-bytes.js';

const folder = mkdtempSync(join(tmpdir(), 'qplug-archive-'));
afterAll(() => rmSync(folder, { recursive: true }));

const RECORDINGS = ['six-devices', 'hub-twins-gadgets'] as const;

/** What an archive tells: all but whether a node may be opened. */
function told({ devices, hubs }: HostInventory): unknown {
  const without = (list: HostInventory['devices']): unknown => list.map((one) => ({ ...one, access: 'unknown' }));
  return { devices: without(devices), hubs: without(hubs) };
}

describe('an archive of sysfs', () => {
  test.each(RECORDINGS)('of %s tells what the recording tells', (name) => {
    expect(told(decode(tar(tarOf(recording(name)))))).toEqual(told(inventoryOf(recording(name))));
  });

  test('as GNU tar makes it, with the folders behind the links', () => {
    const host = decode(fixture('lab-sysfs.tgz'));
    expect(host.findings).toEqual([]);
    expect(all(host).map(({ port, controller, findings }) => `${port} ${controller} ${findings.length}`)).toEqual([
      'usb1 0000:00:04.0 0',
      'usb2 0000:00:04.0 0',
      'usb3 0000:00:05.0 0',
      'usb4 0000:00:06.0 0',
      '1-2 0000:00:04.0 0',
      '1-4 0000:00:04.0 0',
      '2-1 0000:00:04.0 0',
      '3-1 0000:00:05.0 0',
      '4-1 0000:00:06.0 0',
      '4-2 0000:00:06.0 0',
    ]);
    expect(host.devices[0]?.peer).toBe('2-2');
  });

  test('may have another folder in front, or none, or be packed', () => {
    const expected = told(inventoryOf(recording('six-devices')));
    for (const root of ['', './', 'sys/', './host/sys/', '/sys/']) {
      expect(told(decode(tar(tarOf(recording('six-devices'), root)))), root).toEqual(expected);
    }
    expect(told(decode(gzipSync(tar(tarOf(recording('six-devices'))))))).toEqual(expected);
  });

  test('has long names in three spellings', () => {
    const front = `${'long/'.repeat(28)}sys/`;
    const entries = tarOf(recording('six-devices'), front);
    const expected = told(inventoryOf(recording('six-devices')));
    const short = (entry: Packed): Packed => ({
      ...entry,
      path: 'x',
      link: entry.link === undefined ? undefined : 'y',
    });
    const asPax = entries.flatMap((one) => {
      const link = one.link === undefined ? {} : { linkpath: one.link };
      return [pax({ mtime: '1.5', path: one.path, ...link }), short(one)];
    });
    const asGnu = entries.flatMap((one) => [
      { path: '././@LongLink', type: 'L', body: `${one.path}\0` },
      ...(one.link === undefined ? [] : [{ path: '././@LongLink', type: 'K', body: `${one.link}\0` }]),
      short(one),
    ]);
    const asUstar = entries.map((one) => ({ ...one, prefix: one.path.slice(0, 139), path: one.path.slice(140) }));
    for (const written of [asPax, asGnu, asUstar]) expect(told(decode(tar(written)))).toEqual(expected);
  });

  test('with hard links: tar writes a file once', () => {
    const entries = tarOf(recording('six-devices'));
    const speed = entries.findIndex(({ path }) => path === 'sys/bus/usb/devices/1-2/speed');
    const linked = entries.map((one, index) =>
      index === speed ? { path: one.path, type: '1', link: 'store/speed' } : one,
    );
    const host = decode(tar([{ path: 'store/speed', body: '480\n' }, ...linked]));
    expect(host.devices.find(({ port }) => port === '1-2')?.megabits).toBe(480);
  });

  test('that has the links alone is refused with the command that packs all', () => {
    const links = tarOf(recording('six-devices')).filter(({ type }) => type === '2');
    const error = refusal(() => decode(tar(links)));
    expect(error.findings[0]).toMatchObject({ code: 'host-file-unknown', evidence: { guess: 'links-only' } });
    expect(refusal(() => decode(tar([{ path: 'etc/passwd', body: 'x' }]))).findings[0].evidence).toMatchObject({
      guess: 'no-devices-folder',
    });
  });

  test('that ends too early, or is damaged, is used as far as it goes, and that is said', () => {
    const whole = tar(tarOf(recording('six-devices')));
    const cut = decode(whole.subarray(0, whole.length - 70_000));
    expect(cut.devices.length).toBeGreaterThan(2);
    expect(cut.findings?.map(({ evidence }) => evidence)).toMatchObject([
      { problem: 'cut-off' },
      { problem: 'no-number', at: 'bus/usb/devices/usb5' },
    ]);
    const packed = gzipSync(whole);
    const short = decode(packed.subarray(0, Math.floor(packed.length * 0.9)));
    expect(short.findings?.map(({ evidence }) => evidence)).toContainEqual(
      expect.objectContaining({ problem: 'packed' }),
    );
    const bent = Buffer.from(whole);
    bent.fill('x', bent.length - 70_000, bent.length - 66_000);
    expect(decode(bent).devices.length).toBeGreaterThan(2);
  });

  test('whose sizes are no numbers or past all reason ends there', () => {
    const whole = tar([...tarOf(recording('six-devices')), { path: 'last', body: Buffer.alloc(4096) }]);
    for (const size of ['nonsense\0', '\x80\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff']) {
      const bent = Buffer.from(whole);
      bent.write(size, bent.length - 1024 - 4096 - 512 + 124, 'latin1');
      withSum(bent.subarray(bent.length - 1024 - 4096 - 512, bent.length - 1024 - 4096));
      const problems = decode(bent).findings?.map(({ evidence }) => evidence);
      expect(problems).toMatchObject([{ problem: 'number' }]);
    }
  });

  test('leads nowhere outside: not with .., not with links, and not for ever', () => {
    const evil = [
      { path: 'sys/bus/usb/devices/9-1', type: '2', link: '../../../../../../../../proc/self' },
      { path: 'sys/bus/usb/devices/9-2', type: '2', link: '/etc' },
      { path: 'sys/bus/usb/devices/9-3', type: '2', link: '9-4' },
      { path: 'sys/bus/usb/devices/9-4', type: '2', link: '9-3' },
      { path: '../../etc/shadow', body: 'x' },
      { path: 'sys/bus/usb/devices/../devices/9-5/devnum', body: '5\n' },
    ];
    const host = decode(tar([...evil, ...tarOf(recording('six-devices'))]));
    expect(told(host)).toEqual(told(inventoryOf(recording('six-devices'))));
    expect(host.findings).toMatchObject([{ evidence: { problem: 'loop' } }, ...(host.findings ?? []).slice(1)]);
  });

  test('that unpacks to more than 128 MiB is refused before it does', () => {
    const bomb = gzipSync(Buffer.alloc(200 << 20));
    expect(bomb.length).toBeLessThan(1 << 20);
    expect(refusal(() => decode(bomb)).findings).toMatchObject([
      { code: 'host-file-too-big', evidence: { unpacked: true } },
    ]);
  });
});

describe('a folder', () => {
  const root = join(folder, 'copy');
  plant(recording('six-devices'), root);
  // what `plant` lays out has links to folders that are empty; the files stand below the links' places

  test.each(['', '/sys', '/sys/bus/usb', '/sys/bus/usb/devices'])(
    'given as %s tells what the recording tells',
    async (below) => {
      const host = await readHostFile(root + below, { ids: NO_IDS });
      expect(host.devices.map(({ port }) => port)).toEqual(
        inventoryOf(recording('six-devices')).devices.map(({ port }) => port),
      );
      expect(host.devices.map(({ configurations }) => configurations)).toEqual(
        inventoryOf(recording('six-devices')).devices.map(({ configurations }) => configurations),
      );
    },
  );

  test('is not left by its links, and a pipe in it is not waited for', async () => {
    const bad = join(folder, 'bad/sys/bus/usb/devices');
    mkdirSync(join(bad, '1-1'), { recursive: true });
    mkdirSync(join(folder, 'outside'));
    writeFileSync(join(folder, 'outside/devnum'), '7\n');
    writeFileSync(join(bad, '1-1/devnum'), '3\n');
    symlinkSync('/dev/zero', join(bad, '1-1/descriptors'));
    symlinkSync('../../../../../outside', join(bad, '1-2'));
    const host = await readHostFile(join(folder, 'bad'), { ids: NO_IDS });
    expect(host.devices.map(({ port }) => port)).toEqual(['1-1']);
  });
});
