import { describe, expect, test } from 'vitest';
import { parseArguments } from '../../oracle/predictions/arguments.js';
import { classOf } from '../../oracle/predictions/classify.js';
import { generateCase } from '../../oracle/predictions/generate.js';
import { differencesOf } from '../../oracle/predictions/picture.js';

const SIZE = { probes: 10, plans: 2 };
const SEEDS = Array.from({ length: 150 }, (_, i) => i + 1);

test('a seed gives one case, which JSON keeps whole', async () => {
  for (const seed of SEEDS.slice(0, 10)) {
    const one = await generateCase(seed, SIZE);
    expect(await generateCase(seed, SIZE)).toEqual(one);
    expect(JSON.parse(JSON.stringify(one))).toStrictEqual(one);
  }
});

test('cases are of many kinds', async () => {
  const cases = await Promise.all(SEEDS.map((seed) => generateCase(seed, SIZE)));
  const models = new Set(cases.flatMap(({ controllers }) => controllers.map(({ model }) => model)));
  expect(models.size).toBeGreaterThan(10);
  const speeds = new Set(cases.flatMap(({ host }) => host.map(({ speed }) => speed)));
  expect([...speeds].sort()).toEqual(['full', 'high', 'low', 'super', 'super-plus', 'unknown']);
  const asks = cases.flatMap(({ before, probes }) => [...before, ...probes]);
  const kinds = new Set(asks.map((ask) => (ask.add === 'controller' ? ask.add : ask.device.kind)));
  expect([...kinds].sort()).toEqual(['controller', 'emulated', 'host', 'hub']);
  const ports = new Set(asks.flatMap((ask) => (ask.add === 'device' ? [ask.port] : [])));
  for (const port of ['', '02', '1.', '1']) expect(ports).toContain(port);
  expect([...ports].some((port) => port.split('.').length === 6)).toBe(true);
});

describe("QEMU's words", () => {
  test.each([
    ['usb port 1.5 (bus x.0) not found (in use?)', 'device', 'no-such-port'],
    ["USB bus 'e.0' not found", 'start', 'no-such-masterbus'],
    ["Bus 'e.0' not found", 'device', 'no-such-bus'],
    ["Bus 'pcie.0' does not support hotplugging", 'controller', 'no-hotplug-slot'],
    ["Parameter 'driver' expects pluggable device type", 'controller', 'not-hot-pluggable'],
    ["Duplicate ID 'a' for device", 'start', 'id-in-use'],
    ["Duplicate device ID 'a'", 'device', 'id-in-use'],
    ['something new', 'device', 'unknown: something new'],
  ] as const)('%s', (words, of, expected) => {
    expect(classOf(words, of)).toBe(expected);
  });
});

test('differences of two pictures are told with their paths', () => {
  expect(differencesOf({ a: [1, { b: 2 }], c: 3 }, { a: [1, { b: 4 }], c: 3 })).toEqual(['a.1.b: predicted 2, seen 4']);
  expect(differencesOf({ a: [] }, { a: [{ b: 1 }] })).toEqual(['a.0: predicted undefined, seen {"b":1}']);
  expect(differencesOf({ a: undefined }, {})).toEqual([]);
});

describe('arguments', () => {
  test('by default all releases and a fixed seed', () => {
    expect(parseArguments([])).toMatchObject({ releases: ['5.2', '7.2', '10.0', '11.1'], seed: 1, replay: undefined });
  });

  test.each([
    [['--release', '6.0'], 'no QEMU 6.0'],
    [['--cases', '0'], '--cases takes a number'],
    [['--replay', '{"machine":'], '--replay'],
    [['--replay', '{"machine":"pc"}'], 'no list "controllers"'],
    [['--colour'], "'--colour'"],
  ])('%j is refused', (words, text) => {
    expect(() => parseArguments(words)).toThrow(text);
  });
});
