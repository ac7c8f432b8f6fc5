import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Finding, QplugError, describe as words } from '../../src/diag/index.js';
import { type HostDevice, shortestSelector } from '../../src/host/index.js';
import { UNSAFE } from '../unit/diag/unsafe.js';
import { disguisesOf } from '../unit/host/file/disguises.js';
import { all, decode, fixture, LAB_FILES, OLD_FILES } from '../unit/host/file/fixtures.js';
import { runs } from '../unit/runs.js';

/** Files of each kind. */
const RUNS = runs(150);

const UMOCKDEV = 'umockdev-keyboard-and-disk.txt';
const TEXTS = [...OLD_FILES, UMOCKDEV, ...LAB_FILES.filter((name) => !name.endsWith('.tgz'))].map((name) =>
  fixture(name),
);
const ARCHIVE = fixture('lab-sysfs.tgz');

/** What holds whatever the file was. */
function expectSane(content: string | Uint8Array): void {
  const findings: Finding[] = [];
  try {
    const host = decode(content);
    const devices = all(host);
    findings.push(...(host.findings ?? []), ...devices.flatMap((one) => one.findings));
    expect(devices.length).toBeGreaterThan(0);
    expect(new Set(devices.map(({ port }) => port)).size).toBe(devices.length);
    for (const { chain, address, vendorId, configurations } of devices) {
      expect(chain.length).toBeLessThanOrEqual(6);
      expect(chain.every((port) => port >= 1 && port <= 255)).toBe(true);
      expect(address).toBeGreaterThan(0);
      expect(vendorId).toBeLessThanOrEqual(0xffff);
      for (const endpoint of configurations
        .flatMap((one) => one.interfaces.flatMap((it) => it.altSettings))
        .flatMap((it) => it.endpoints)) {
        expect(endpoint.maxPacketSize).toBeLessThanOrEqual(0xffff);
        expect(endpoint.streams ?? 0).toBeLessThanOrEqual(31);
      }
    }
    for (const one of host.devices.slice(0, 3)) expect(shortestSelector(one, host)).not.toBe('');
  } catch (error) {
    if (!(error instanceof QplugError)) throw error;
    findings.push(...error.findings);
  }
  expect(findings.length).toBeLessThan(200);
  for (const found of findings) {
    const { what, where = '', why = '', fix = '' } = words(found);
    for (const line of [what, where, why, ...fix.split('\n')]) expect(line).not.toMatch(UNSAFE);
    if ('location' in found) expect(found.location?.line).toBeGreaterThan(0);
  }
}

/** What people, mail and broken disks do to a text. */
const spoiled = fc
  .tuple(
    fc.constantFrom(...TEXTS),
    fc.array(
      fc.record({
        at: fc.nat(30_000),
        length: fc.oneof(fc.nat(3), fc.nat(80)),
        by: fc.oneof(
          fc.string({ unit: 'binary', maxLength: 6 }),
          fc.constantFrom(
            '',
            '\n',
            '\r\n',
            '=',
            'T:  Bus=01 ',
            '-1',
            '999',
            'ff',
            '(',
            '\u001b[2J',
            '\0',
            '> ',
            '    ',
          ),
        ),
      }),
      { maxLength: 6 },
    ),
    fc.option(fc.nat(30_000), { nil: undefined }),
  )
  .map(([bytes, changes, cut]) => {
    let text = bytes.toString('utf8');
    for (const { at, length, by } of changes) {
      const from = at % (text.length + 1);
      text = text.slice(0, from) + by + text.slice(from + length);
    }
    return cut === undefined ? text : text.slice(0, cut % (text.length + 1));
  });

describe('a host file of any content is read or refused', () => {
  test('a real one with changes', () => {
    fc.assert(fc.property(spoiled, expectSane), { numRuns: RUNS });
  });

  test('lines of all kinds in any order', () => {
    const line = fc.constantFrom(...TEXTS.slice(0, -1).flatMap((text) => text.toString('utf8').split('\n')));
    const property = fc.property(fc.array(line, { minLength: 1, maxLength: 60 }), (lines) =>
      expectSane(lines.join('\n')),
    );
    fc.assert(property, { numRuns: RUNS });
  });

  test('any text behind what begins each kind', () => {
    const begin = fc.constantFrom(
      '',
      'T:  Bus=',
      'P: /devices/pci0/usb1/1-1\nE: ',
      'Device Descriptor:\n',
      '{"schema":"urn:qplug:devices:1","devices":[',
      '/:  Bus 01',
    );
    const text = fc.string({ unit: 'binary', maxLength: 400 });
    fc.assert(
      fc.property(begin, text, (first, rest) => expectSane(first + rest)),
      { numRuns: RUNS },
    );
  });

  test('any JSON in place of the devices', () => {
    const property = fc.property(fc.jsonValue(), fc.jsonValue(), (devices, hubs) =>
      expectSane(JSON.stringify({ schema: 'urn:qplug:devices:1', devices, hubs })),
    );
    fc.assert(property, { numRuns: RUNS });
  });

  test('any bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 3000 }), expectSane), { numRuns: RUNS });
  });

  test('an archive that is packed, with changed bytes and cut', () => {
    const change = fc.record({ at: fc.nat(ARCHIVE.length), value: fc.nat(255) });
    const property = fc.property(fc.array(change, { maxLength: 3 }), fc.nat(ARCHIVE.length), (changes, cut) => {
      const bent = Buffer.from(ARCHIVE.subarray(0, ARCHIVE.length - (cut % 5 === 0 ? cut : 0)));
      for (const { at, value } of changes) bent[at % Math.max(1, bent.length)] = value;
      expectSane(bent);
    });
    fc.assert(property, { numRuns: Math.ceil(RUNS / 50) });
  });
});

/** Blanks at the end of a name are the first that a wrapped line loses. */
function told(device: HostDevice): unknown {
  const { manufacturer, product, name, findings, ...rest } = device;
  const codes = findings.map(({ code }) => code);
  return { ...rest, codes, names: [manufacturer, product, name].map((one) => one?.replace(/\s+/g, ' ').trim()) };
}

describe('whoever handed a text on, it has the same devices at the same speeds, and no warning', () => {
  const names = ['lab-listing.txt', 'linux-3.16-laptop.txt', 'usb-devices-012.txt', 'lab-usb-devices.txt', UMOCKDEV];
  test.each([...names.map((name) => [name, false] as const), ['lab-lsusb.txt', true] as const])('%s', (name, tree) => {
    const text = fixture(name).toString();
    const plain = decode(text);
    const property = fc.property(disguisesOf(tree), ({ apply }) => {
      const host = decode(apply(text));
      expect(all(host).map(told)).toEqual(all(plain).map(told));
      expect(host.findings).toEqual(plain.findings);
    });
    fc.assert(property, { numRuns: Math.ceil(RUNS / 3) });
  });
});

test('a deep or endless looking document ends', () => {
  expectSane(`{"schema":"urn:qplug:devices:1","devices":${'['.repeat(100_000)}${']'.repeat(100_000)}}`);
  expectSane('{'.repeat(1_000_000));
  expectSane('T:  Bus=01 Lev=00 Prnt=00 Port=00 Cnt=00 Dev#=  1 Spd=12  MxCh= 2\n'.repeat(50_000));
  expectSane(`T:  Bus=${'0'.repeat(5_000_000)}`);
  expectSane(`T:  Bus=\n${'MxCh=\n'.repeat(50_000)}`);
  expectSane(`P: /devices/usb1/1-1\nH: descriptors=\n${'12\n'.repeat(50_000)}`);
  expectSane(`> ${'> '.repeat(1_000_000)}T:  Bus=01`);
  expectSane(`${' '.repeat(1_000_000)}T:  Bus=01\n${'\t'.repeat(1_000_000)}\n`);
  expectSane('12: T:  Bus=\n34: T:  Bus=\n'.repeat(20_000));
});
