import { describe, expect, test } from 'vitest';
import type { QplugError } from '../../../../src/diag/index.js';
import { requireSelector } from '../../../../src/host/index.js';
import { planFileAttach } from '../../../../src/vm/file-edit/add-entries.js';
import { covers } from '../../../../src/vm/file-edit/file-entries.js';
import { planFileDetach } from '../../../../src/vm/file-edit/remove-entries.js';
import { readVmFileText } from '../../../../src/vm/target/vm-file.js';
import { inventoryOf, recording } from '../../host/recordings.js';

/** 0627:0001 at 1-2 and others; 46f4:0001 with serials HS0001 and SS0001. */
const six = inventoryOf(recording('six-devices'));
const at = async (text: string) => {
  const path = '/vm/bench.yaml';
  return { text, path, vm: 'bench', file: await readVmFileText(text, path) };
};
const HEAD = 'name: bench\n';
const list = (...entries: string[]): string =>
  `${HEAD}usb:\n  devices:${entries.length === 0 ? ' []' : ''}\n${entries.map((one) => `    - ${one}\n`).join('')}`;

const attach = async (text: string, ...selectors: string[]) => planFileAttach(await at(text), { selectors }, six);
const detach = async (text: string, ...words: string[]) =>
  planFileDetach(
    await at(text),
    words.map((word) => ({ word, hostDevice: undefined, optional: false })),
    six,
  );

const codes = async (work: Promise<unknown>): Promise<string[]> =>
  work.then(
    () => expect.fail('it went through'),
    (error: QplugError) => error.findings.map(({ code }) => code),
  );

describe('what is written of a device', () => {
  test.each([
    ['1-2', '1-2'],
    ['serial=HS0001', 'serial=HS0001'],
    ['46f4:0001:HS0001', '46f4:0001:HS0001'],
    ['dead:beef', 'dead:beef'],
    ['no such words', 'no such words'],
  ])('%s lasts, or is all there is: %s', async (typed, written) => {
    const { entries } = await attach(list(), typed);
    expect(entries).toMatchObject([{ outcome: 'added', select: written }]);
  });

  test('bus.addr does not last: serial number, or the place', async () => {
    for (const device of six.devices) {
      const { entries } = await attach(list(), `@${device.bus}.${device.address}`);
      const [entry] = entries;
      expect(entry?.select).toMatch(device.serial === undefined ? /^pci-/ : /^[0-9a-f]{4}:[0-9a-f]{4}:|^pci-/);
      expect(entry?.select).not.toContain('@');
      const again = await attach(list(`'${entry?.select}'`), device.port);
      expect(again.entries).toMatchObject([{ outcome: 'already' }]);
    }
  });

  test('a bus.addr that nobody has is an error, several by one selector too', async () => {
    expect(await codes(attach(list(), '@1.99'))).toEqual(['device-not-found']);
    expect(await codes(attach(list(), '0627:0001'))).toEqual(['selector-ambiguous']);
  });

  test('what is not plugged in is written, and that is said', async () => {
    const { findings } = await attach(list(), 'dead:beef');
    expect(findings).toMatchObject([{ code: 'wanted-not-plugged-in', severity: 'note' }]);
  });
});

describe('what is there already', () => {
  test.each([
    ['by another selector', list('serial=HS0001'), '46f4:0001:HS0001'],
    ['by its port', list("{ select: '1-2', slower: allow }"), '@1.2'],
    ['though it is not plugged in', list('dead:beef'), 'dead:beef:77'],
  ])('%s: no change, and where it is', async (_, text, typed) => {
    const { splices, entries } = await attach(text, typed);
    expect(splices).toBeUndefined();
    expect(entries).toMatchObject([{ outcome: 'already', line: 4 }]);
  });

  test('with another place than was typed: told, with what to write', async () => {
    const { splices, findings } = await planFileAttach(await at(list('1-2')), { selectors: ['1-2'], port: '3' }, six);
    expect(splices).toBeUndefined();
    expect(findings).toMatchObject([
      { code: 'entry-says-otherwise', severity: 'warning', evidence: { line: 4, entry: '{ select: 1-2, port: 3 }' } },
    ]);
  });

  test('one device named twice is one entry', async () => {
    const { entries } = await attach(list(), 'serial=HS0001', '46f4:0001:HS0001');
    expect(entries.map(({ select }) => select)).toEqual(['serial=HS0001']);
  });
});

describe('allow and deny', () => {
  const rules = (rule: string): string => `${HEAD}usb: { ${rule} }\n`;
  test.each([
    ['a device that is there', 'deny: ["1-2"]', '@1.2'],
    ['a kind of which one is not there', 'deny: [dead:beef]', 'dead:beef:77'],
    ['what is not in allow', 'allow: [dead:beef]', '1-2'],
  ])('%s: refused', async (_, rule, typed) => {
    expect(await codes(attach(rules(rule), typed))).toContain('device-denied');
  });

  test('what may not be in allow, for it is not there: a warning with the line', async () => {
    const { findings } = await attach(rules('allow: ["1-2"]'), 'dead:beef');
    expect(findings.map(({ code, severity }) => [code, severity])).toEqual([
      ['wanted-not-plugged-in', 'note'],
      ['allow-unsure', 'warning'],
    ]);
    expect((await attach(rules('allow: [dead:beef]'), 'dead:beef:77')).findings).toHaveLength(1);
  });
});

describe('which entry means a device that shall go', () => {
  test.each([
    ['its selector', list('a1b2:c3d4', 'serial=HS0001'), 'serial=HS0001', 5],
    ['another selector', list('serial=HS0001'), '46f4:0001:HS0001', 4],
    ['the id that it has in the VM', list('1-2'), 'qplug-0627-0001-1-2', 4],
    ['the same selector, though it is not plugged in', list('1-2', 'dead:beef'), 'DEAD:BEEF', 5],
    ['the id of an emulated one', list('{ emulated: usb-tablet }', '{ emulated: usb-tablet }'), 'usb-tablet1', 5],
    ['the id that attach gave an emulated one', list('1-2', '{ emulated: usb-kbd }'), 'qplug-usb-kbd_2', 5],
  ])('%s', async (_, text, word, line) => {
    expect((await detach(text, word)).entries).toMatchObject([{ outcome: 'removed', line }]);
  });

  test.each([
    ['nothing', list('1-2'), 'dead:beef', ['not-in-file']],
    ['a wider one, and it is not plugged in', list('dead:beef'), 'dead:beef:77', ['not-in-file']],
    ['a narrower one, and it is not plugged in', list('dead:beef:77'), 'dead:beef', ['not-in-file']],
    ['several', list('1-2', '"@1.2"'), '1-2', ['entry-ambiguous']],
    [
      'several emulated ones',
      list('{ emulated: usb-kbd }', '{ emulated: usb-kbd }'),
      'qplug-usb-kbd',
      ['entry-ambiguous'],
    ],
    ['one that means others too', list('class=03'), '1-2', ['entry-broad']],
    ['no one device', list('1-2'), '0627:0001', ['selector-ambiguous']],
    ['no selector and no id', list('1-2'), '/machine/peripheral/x', ['not-in-file']],
  ])('%s: refused', async (_, text, word, expected) => {
    expect(await codes(detach(text, word))).toEqual(expected);
  });

  test('one that is named twice goes once', async () => {
    expect((await detach(list('1-2'), '1-2', '@1.2')).entries).toHaveLength(1);
  });
});

test.each([
  ['0781:5567', '0781:5567:A', true],
  ['0781:5567:A', '0781:5567', false],
  ['0781:5567:A', '0781:5567:A', true],
  ['0x781:0x5567', '0781:5567', true],
  ['serial=A', '0781:5567:A', true],
  ['1-2', '1-2', true],
  ['1-2', '1-3', false],
  ['cruzer', 'blade cruzer', true],
  ['class=08', '0781:5567', false],
  ['a:b', '0781:5567', false],
])('%s covers %s: %s', (rule, selector, expected) => {
  expect(covers(rule, requireSelector(selector))).toBe(expected);
});
