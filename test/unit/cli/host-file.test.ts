import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseVmFile } from '../../../src/config/index.js';
import { shellWord } from '../../../src/diag/shell-word.js';
import { type HostInventory, recordedSysfs } from '../../../src/host/index.js';
import { hostDeviceDocument, hubDocument } from '../../../src/view/documents/host-device.js';
import { planFile } from '../../../src/vm/plan/plan-start.js';
import { decode, fixturePath, LAB_FILES } from '../host/file/fixtures.js';
import { randomHost } from '../host/file/random-host.js';
import { inventoryOf, recording } from '../host/recordings.js';
import { runs } from '../runs.js';
import { schemaErrors } from '../view/documents/schemas.js';
import { documentOf, qplug } from './fake-terminal.js';

const folder = mkdtempSync(join(tmpdir(), 'qplug-host-file-'));
const env = { PATH: '/nowhere', QPLUG_RUNTIME_DIR: folder };
const vm = join(folder, 'vm.yaml');
const LIVE = recordedSysfs(recording('hub-twins-gadgets'));

beforeAll(() => {
  writeFileSync(
    vm,
    `name: bench
usb:
  controllers: [{ id: x, model: qemu-xhci, ports: 2 }, { id: e, model: usb-ehci }]
  grow: []
  devices:
    - { select: 2-1, slower: allow, when-missing: skip }
    - { select: 3-1, slower: allow, when-missing: skip }
    - { select: ccid, when-missing: skip }
`,
  );
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What `qplug devices --json` prints of an inventory. */
function documentText(inventory: HostInventory): string {
  return JSON.stringify({
    schema: 'urn:qplug:devices:1',
    devices: inventory.devices.map((one) => hostDeviceDocument(one, inventory)),
    hubs: inventory.hubs.map((one) => hubDocument(one)),
    findings: [],
  });
}

describe('devices --json, read back', () => {
  test.each(['six-devices', 'hub-twins-gadgets'] as const)('is the host %s', async (name) => {
    const live = inventoryOf(recording(name));
    const { devices, hubs } = decode(documentText(live));
    const bare = ({ findings: _, access: __, ...one }: (typeof devices)[number]): unknown => one;
    expect(devices.map(bare)).toEqual(live.devices.map(bare));
    expect(hubs.map(bare)).toEqual(live.hubs.map(bare));
  });

  test('keeps to the schema, whatever the host is', () => {
    const property = fc.property(randomHost, (host) => {
      expect(schemaErrors(JSON.parse(documentText(host)))).toEqual([]);
    });
    fc.assert(property, { numRuns: runs(20) });
  });

  test('is any host at all', () => {
    fc.assert(
      fc.property(randomHost, (host) => {
        const text = documentText(host);
        const read = decode(text);
        expect({ devices: read.devices, hubs: read.hubs }).toEqual({ devices: host.devices, hubs: host.hubs });
      }),
      { numRuns: runs(150) },
    );
  });

  test('gives the plan of the host itself, whatever its devices are', async () => {
    const file = await parseVmFile(
      `usb:
  controllers: [{ id: x, model: qemu-xhci, ports: 2 }, { id: e, model: usb-ehci }, { id: u, model: piix3-usb-uhci }]
  devices: [${[2, 3, 4, 5, 6, 7].flatMap((address) => [1, 2].map((bus) => `{ select: '@${bus}.${address}', slower: allow, when-missing: skip }`)).join(', ')}]
`,
      join(folder, 'any.yaml'),
    );
    let placed = 0;
    fc.assert(
      fc.property(randomHost, fc.constantFrom(5, 6, 8), (host, major) => {
        const version = { major, minor: 0, micro: 0 };
        const [live, told] = [planFile(file, version, host), planFile(file, version, decode(documentText(host)))];
        placed += live.plan.placements.length;
        expect(told.plan).toEqual(live.plan);
        expect(told.findings).toEqual(live.findings);
      }),
      { numRuns: runs(60) },
    );
    expect(placed).toBeGreaterThan(runs(60));
  });
});

describe('plan --host', () => {
  test('plans what the host itself would get', async () => {
    const file = join(folder, 'live.json');
    writeFileSync(file, (await qplug(['devices', '--json'], { sysfs: LIVE })).out);
    const [live, told] = [
      await documentOf(['plan', vm], { env, sysfs: LIVE }),
      await documentOf(['plan', vm, '--host', file], { env }),
    ];
    expect(live['placements']).not.toEqual([]);
    expect(told).toEqual(live);
  });

  test.each(LAB_FILES)('plans the machine of the lab from %s', async (name) => {
    const document = await documentOf(['plan', vm, '--host', fixturePath(name)], { env });
    expect(schemaErrors(document)).toEqual([]);
    expect(document).toMatchObject({
      placements: [
        { id: 'qplug-08e6-4433-1-4', bus: 'x.0', megabits: 12 },
        { id: 'qplug-46f4-0001-2-1', bus: 'x.0', megabits: 5000 },
        { id: 'qplug-46f4-0001-3-1', bus: 'e.0', megabits: 480 },
      ],
    });
  });

  test('says what the file could not tell of the devices that take part, and of no others', async () => {
    const { err, exit } = await qplug(['plan', vm, '--host', fixturePath('linux-3.16-laptop.txt')], { env });
    expect([exit, err]).toEqual([5, expect.stringContaining('error: "2-1" is a hub')]);
    expect(err).toMatch(/^note: a usb\/devices listing does not show which two ports are one connector/m);
    const text = readFileSync(fixturePath('lab-usb-devices.txt'), 'utf8');
    const ccid = join(folder, 'ccid.yaml');
    writeFileSync(ccid, 'usb: { devices: [tablet] }\n');
    const file = join(folder, 'listing');
    writeFileSync(file, text);
    const said = await qplug(['plan', ccid, '--host', file], { env });
    expect(said.err.match(/ at its own speed only/g)).toHaveLength(1);
    expect(said.err).toContain('qplug plans 0627:0001 (QEMU USB Tablet) at 1-2 at its own speed only');
  });

  test('a device whose speed nobody can tell is no plan', async () => {
    const verbose = readFileSync(fixturePath('lab-lsusb.txt'), 'utf8').replace(/^\/: {2}.*/ms, '');
    const file = join(folder, 'verbose');
    writeFileSync(file, verbose);
    const one = join(folder, 'one.yaml');
    writeFileSync(one, 'usb: { devices: [tablet] }\n');
    const { exit, err } = await qplug(['plan', one, '--host', file], { env });
    expect(exit).toBe(6);
    expect(err).toContain("error: can't plan 0627:0001 at @1.2: the file does not give its speed");
    expect(err).toContain('(lsusb -v; lsusb -t) > host.txt');
  });

  test('malformed lines are told with their place, and escaped', async () => {
    const file = join(folder, 'bad\u001b[31m');
    writeFileSync(file, readFileSync(fixturePath('lab-listing.txt'), 'utf8').replace('Ad=81(I)', 'Ad=\u001b[2J(I)'));
    const { exit, err } = await qplug(['devices', '--host', file]);
    expect(exit).toBe(0);
    expect(err).toContain(
      'warning: problem in the line "E:  Ad=\\x1b[2J(I) Atr=03(Int.) MxPS=   4 Ivl=256ms": Ad has an invalid value',
    );
    expect(err).toContain('bad\\x1b[31m:11:8\n');
    expect(err).not.toContain('\u001b');
  });

  test('does not look at this host, and makes no device node a condition', async () => {
    const blind = new Proxy(LIVE, {
      get: () => {
        throw new Error('this host was looked at');
      },
    });
    const { exit } = await qplug(['plan', vm, '--host', fixturePath('lab-devices.json')], { env, sysfs: blind });
    expect(exit).toBe(0);
    expect(existsSync('/dev/bus/usb/002/002')).toBe(false);
  });
});

describe('what a host file does not have', () => {
  const one = join(folder, 'missing.yaml');
  const complaint = async (select: string, host: string, input?: AsyncIterable<Uint8Array>) => {
    writeFileSync(one, `name: bench\nusb:\n  devices:\n    - { select: '${select}', when-missing: fail }\n`);
    const { exit, err } = await qplug(['plan', one, '--host', host], { env, ...(input && { input }) });
    return { exit, lines: err.split('\n').slice(err.split('\n').findIndex((line) => line.startsWith('error: '))) };
  };
  const lab = fixturePath('lab-devices.json');

  test('is told of the file, with the line that names what is likely meant', async () => {
    const { exit, lines } = await complaint('46f4:0002', lab);
    expect(exit).toBe(3);
    expect(lines[0]).toMatch(
      new RegExp(`^error: 46f4:0002 is not in ${lab}: bench requires it \\(when-missing: fail\\); nearest: `),
    );
    expect(lines[1]).toBe(`  at   ${one}:4:7`);
    const fix = /^ {2}fix {2}Write: - \{ select: '(.+)' \}$/.exec(lines[2] ?? '')?.[1] ?? '';
    expect(await complaint(fix, lab)).toMatchObject({ exit: 0 });
  });

  test('is told with where to look, when nothing is like it', async () => {
    const spaced = join(folder, "host's file");
    writeFileSync(spaced, readFileSync(lab));
    const { lines } = await complaint('9-9', spaced);
    expect(lines[0]).toBe(`error: 9-9 is not in ${spaced}: bench requires it (when-missing: fail)`);
    expect(lines[2]).toBe(`  fix  qplug devices --host '${spaced.replace("'", "'\\''")}'`);
  });

  test('is told of the input, which can not be looked at again', async () => {
    const input = async function* () {
      yield readFileSync(lab);
    };
    const { lines } = await complaint('9-9', '-', input());
    expect(lines[0]).toBe('error: 9-9 is not in the input: bench requires it (when-missing: fail)');
    expect(lines[2]).toMatch(/^ {2}fix {2}Use one of these: \S+ or /);
  });

  test('is told with how to make the file, where it has nothing but hubs', async () => {
    const bare = join(folder, 'bare.json');
    const { hubs } = decode(readFileSync(lab, 'utf8'));
    writeFileSync(bare, documentText({ devices: [], hubs }));
    const { lines } = await complaint('9-9', bare);
    expect(lines[2]).toBe(`  fix  On the host that has the devices: qplug devices --json > ${bare}`);
  });

  test('a hub of a file is looked up in the file', async () => {
    const laptop = fixturePath('linux-3.16-laptop.txt');
    const { exit, lines } = await complaint('2-1', laptop);
    expect(exit).toBe(5);
    expect(lines.join('\n')).toContain(`  fix  qplug devices --tree --host ${shellWord(laptop)}\n`);
  });
});

describe('argv --host', () => {
  test('has the hubs and controllers that the devices of the file need', async () => {
    const words = async (...more: string[]): Promise<unknown> =>
      (await documentOf(['argv', vm, ...more], { env }))['argv'];
    expect(await words('--host', fixturePath('lab-devices.json'))).toEqual(await words('--offline'));
  });
});

describe('devices --host', () => {
  test('shows what the file holds, in order, as a tree, by selector', async () => {
    const file = fixturePath('lab-listing.txt');
    expect((await qplug(['devices', '--host', file])).out).toMatch(
      /^1-2 +0627:0001 +480M +usbhid .*^2-1 +46f4:0001 +5G +usb-storage +SS0001 /ms,
    );
    expect((await qplug(['devices', '--tree', '--host', file])).out).toMatch(
      /^bus 4 {2}12M {2}pci-0000:00:06\.0\n├─ 4-1 .*\n└─ 4-2 /m,
    );
    expect((await qplug(['devices', 'serial=HS0001', '--host', file])).out).toMatch(/^3-1 /m);
    expect((await qplug(['devices', '0781:5567', '--host', file])).exit).toBe(3);
  });

  test.each(LAB_FILES)('--json of %s is as promised', async (name) => {
    const document = await documentOf(['devices', '--host', fixturePath(name)]);
    expect(schemaErrors(document)).toEqual([]);
    expect(document['devices']).toHaveLength(6);
    expect(document['hubs']).toHaveLength(4);
  });

  test('from standard input', async () => {
    const whole = readFileSync(fixturePath('lab-sysfs.tgz'));
    async function* pieces(): AsyncGenerator<Uint8Array, void> {
      for (let at = 0; at < whole.length; at += 10_000) yield whole.subarray(at, at + 10_000);
    }
    const { exit, out } = await qplug(['devices', '--host', '-'], { input: pieces() });
    expect(exit).toBe(0);
    expect(out).toContain('HS0001');
  });

  test('an endless input is not read to its end', async () => {
    let given = 0;
    async function* endless(): AsyncGenerator<Uint8Array, void> {
      for (;;) {
        given += 1 << 20;
        yield Buffer.alloc(1 << 20, 'x');
      }
    }
    const { exit, err } = await qplug(['devices', '--host', '-'], { input: endless() });
    expect(exit).toBe(2);
    expect(err).toContain('is too big to describe a host: it has more than 32 MiB');
    expect(given).toBeLessThan(40 << 20);
  });
});

describe('exit code 2 and words for', () => {
  const write = (name: string, content: string | Buffer): string => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  test.each<[what: string, file: () => string, says: RegExp]>([
    [
      'a file that is not there',
      () => join(folder, 'none'),
      /there is no \S+none: qplug reads: the output of qplug devices --json; the text of /,
    ],
    [
      'a folder of something else',
      () => folder,
      /it has no folder bus\/usb\/devices\n.*tar czf usb\.tgz \/sys\/bus\/usb\/devices/s,
    ],
    ['an empty file', () => write('empty', '\n \n'), /it is empty; qplug reads: /],
    ['any text', () => write('text', 'hello\n'), /does not describe a host: qplug reads: /],
    ['any bytes', () => write('bytes', Buffer.from([0, 1, 2, 3])), /does not describe a host: qplug reads: /],
    ['other JSON', () => write('other', '{"schema": "urn:qplug:plan:1"}'), /it is JSON of another kind/],
    ['broken JSON', () => write('broken', '{"schema": '), /it begins like JSON, but is not valid JSON/],
    ['xz', () => write('xz', Buffer.from('fd377a585a00', 'hex')), /packed with xz.*\n {2}fix {2}unpack it with xz -d/s],
    ['zip', () => write('zip', Buffer.from('504b0304', 'hex')), /it is a zip archive/],
    [
      '100 MB',
      () => write('big', Buffer.alloc(100 << 20, 'T')),
      /is too big to describe a host: it has more than 32 MiB/,
    ],
    [
      'no device that can be read',
      () => write('lost', '{"schema": "urn:qplug:devices:1", "devices": [{}]}'),
      /it has no readable USB device/,
    ],
  ])('%s', async (_, file, says) => {
    const { exit, err, out } = await qplug(['devices', '--host', file()]);
    expect(exit).toBe(2);
    expect(err).toMatch(says);
    expect(out).toBe('');
  });

  test('what --host does not go with', async () => {
    const file = fixturePath('lab-devices.json');
    for (const words of [
      ['plan', vm, '--host', file, '--offline'],
      ['argv', vm, '--host', file, '--offline'],
      ['plan', 'bench', '0781:5567', '--host', file],
      ['devices', '--watch', '--host', file],
    ]) {
      const { exit, err } = await qplug(words, { env });
      expect(exit, words.join(' ')).toBe(2);
      expect(err).toMatch(/^error: --host and \S+ can't be combined: /);
    }
  });
});

describe('a document that was changed by hand', () => {
  const good = JSON.parse(readFileSync(fixturePath('lab-devices.json'), 'utf8')) as {
    devices: Record<string, unknown>[];
  };
  const changed = (change: (device: Record<string, unknown>) => void): HostInventory => {
    const copy = structuredClone(good);
    change(copy.devices[1] as Record<string, unknown>);
    return decode(JSON.stringify(copy));
  };

  test.each<[where: string, change: (device: Record<string, unknown>) => void]>([
    ['devices[1].port', (one) => Object.assign(one, { port: '1-0x' })],
    ['devices[1].port', (one) => Object.assign(one, { port: '2-4' })],
    ['devices[1].address', (one) => Object.assign(one, { address: 128 })],
    ['devices[1].id', (one) => Object.assign(one, { id: '08e6' })],
    ['devices[1].location', (one) => Object.assign(one, { location: 'there' })],
    ['devices[1].megabits', (one) => Object.assign(one, { megabits: '12' })],
    ['devices[1].megabits', (one) => Object.assign(one, { megabits: -1 })],
    ['devices[1].name', (one) => Object.assign(one, { name: 7 })],
    ['devices[1].peer', (one) => Object.assign(one, { peer: 'usb1' })],
    ['devices[1].classes[0]', (one) => Object.assign(one, { classes: [256] })],
    ['devices[1].interfaces', (one) => Object.assign(one, { interfaces: {} })],
    ['devices[1].configurations', (one) => Object.assign(one, { configurations: undefined })],
    ['devices[1].configurations[0].value', (one) => Object.assign(one, { configurations: [{}] })],
    [
      'devices[1].configurations[0].interfaces[0].altSettings[0].endpoints[0].type',
      (one) => {
        const text = JSON.stringify(one).replace('"interrupt"', '"isoc"');
        Object.assign(one, JSON.parse(text));
      },
    ],
    [
      'devices[1].configurations[0].interfaces[0].altSettings[0].endpoints[0].streams',
      (one) => {
        const text = JSON.stringify(one).replace('"streams":0', '"streams":32');
        Object.assign(one, JSON.parse(text));
      },
    ],
    ['devices[1].partial', (one) => Object.assign(one, { partial: 'yes' })],
  ])('%s: the device is left out, with the path of what is wrong', (where, change) => {
    const { devices, findings } = changed(change);
    expect(devices).toHaveLength(5);
    expect(findings).toMatchObject([{ code: 'host-document-invalid', severity: 'warning', evidence: { where } }]);
  });

  test('streams that are not told, and more settings that may follow, are noted', () => {
    const { devices } = decode(
      JSON.stringify(good)
        .replaceAll('"streams":0', '"streams":null')
        .replaceAll('"altSettings"', '"partial":true,"altSettings"'),
    );
    expect(devices.flatMap(({ findings }) => findings.map(({ code }) => code))).toContain('device-partly-told');
  });
});
