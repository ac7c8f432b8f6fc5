import { describe, expect, test } from 'vitest';
import { type DevicesChange, editVmFile } from '../../../../src/config/index.js';
import type { QplugError } from '../../../../src/diag/index.js';

const edit = async (text: string, change: DevicesChange): Promise<string> =>
  (await editVmFile({ text, path: '/vm/bench.yaml' }, change, {})).text;
const add = (text: string, ...selectors: string[]): Promise<string> =>
  edit(text, { add: selectors.map((select) => ({ select })) });
const remove = (text: string, ...indexes: number[]): Promise<string> => edit(text, { remove: indexes });

const refusal = async (work: Promise<unknown>): Promise<QplugError> =>
  work.then(
    () => expect.fail('it was changed'),
    (error) => error,
  );

describe('a device is added at the end of', () => {
  test.each([
    ['a block list', 'usb:\n  devices:\n    - a\n', 'usb:\n  devices:\n    - a\n    - x\n'],
    [
      'a block list that is not indented',
      'usb:\n  devices:\n  - a\nname: b\n',
      'usb:\n  devices:\n  - a\n  - x\nname: b\n',
    ],
    ['one with wide dashes', 'usb:\n  devices:\n    -   a\n', 'usb:\n  devices:\n    -   a\n    -   x\n'],
    [
      'one with comments',
      'usb:\n  devices:\n    # top\n    - a # mine\n      # of a\n    # end\n',
      'usb:\n  devices:\n    # top\n    - a # mine\n      # of a\n    - x\n    # end\n',
    ],
    [
      'one that is followed by blank lines',
      'usb:\n  devices:\n    - a\n\n\n  reserve: 2\n',
      'usb:\n  devices:\n    - a\n    - x\n\n\n  reserve: 2\n',
    ],
    [
      'one whose last entry has several lines',
      'usb:\n  devices:\n    - select: a\n      # deep\n      slower: allow # why\n  reserve: 2\n',
      'usb:\n  devices:\n    - select: a\n      # deep\n      slower: allow # why\n    - x\n  reserve: 2\n',
    ],
    [
      'one whose last entry is in brackets over lines',
      'usb:\n  devices:\n    - { select: a,\n        port: 1 }\n',
      'usb:\n  devices:\n    - { select: a,\n        port: 1 }\n    - x\n',
    ],
    ['one without a line break at the end', 'usb:\n  devices:\n    - a', 'usb:\n  devices:\n    - a\n    - x'],
    [
      'one with the line breaks of Windows',
      'usb:\r\n  devices:\r\n    - a\r\n  reserve: 2\r\n',
      'usb:\r\n  devices:\r\n    - a\r\n    - x\r\n  reserve: 2\r\n',
    ],
    [
      'one that an explicit key names',
      'usb:\n  ? devices\n  : - a\n    - b\n',
      'usb:\n  ? devices\n  : - a\n    - b\n    - x\n',
    ],
    ['a list in brackets', 'usb: { devices: [a, b], reserve: 2 }\n', 'usb: { devices: [a, b, x], reserve: 2 }\n'],
    ['a tight one', 'usb: {devices: [a,b]}\n', 'usb: {devices: [a,b,x]}\n'],
    ['one with a comma at its end', 'usb: { devices: [ a, b, ] }\n', 'usb: { devices: [ a, b, x, ] }\n'],
    [
      'one with a line each',
      'usb:\n  devices: [\n    a,\n    b\n  ]\n',
      'usb:\n  devices: [\n    a,\n    b,\n    x\n  ]\n',
    ],
    [
      'one with a line each and a last comma',
      'usb:\n  devices: [\n    a,\n    b,\n  ]\n',
      'usb:\n  devices: [\n    a,\n    b,\n    x,\n  ]\n',
    ],
    [
      'one with a line each and comments',
      'usb:\n  devices: [\n    a, # one\n    b # two\n    # end\n  ]\n',
      'usb:\n  devices: [\n    a, # one\n    b, # two\n    x\n    # end\n  ]\n',
    ],
    [
      'one with a line each, comments, and a last comma',
      'usb:\n  devices: [\n    a, # one\n    b, # two\n  ]\n',
      'usb:\n  devices: [\n    a, # one\n    b, # two\n    x,\n  ]\n',
    ],
    [
      'one with commas in front',
      'usb:\n  devices: [ a\n    , b # two\n    ]\n',
      'usb:\n  devices: [ a\n    , b, x # two\n    ]\n',
    ],
    ['one with tabs', 'usb: { devices: [\n \ta,\n \tb\n ]}\n', 'usb: { devices: [\n \ta,\n \tb,\n \tx\n ]}\n'],
    [
      'JSON with tabs',
      '{\n\t"usb": {\n\t\t"devices": [\n\t\t\t"a"\n\t\t]\n\t}\n}\n',
      '{\n\t"usb": {\n\t\t"devices": [\n\t\t\t"a",\n\t\t\t"x"\n\t\t]\n\t}\n}\n',
    ],
    ['an empty list', 'usb:\n  devices: [] # none\n', 'usb:\n  devices: [x] # none\n'],
    ['an empty list with a blank', 'usb: { devices: [ ] }\n', 'usb: { devices: [ x ] }\n'],
    [
      'an empty list over lines',
      'usb:\n  devices: [\n    # later\n  ]\n',
      'usb:\n  devices: [\n    # later\n    x\n  ]\n',
    ],
    ['a list that has an anchor', 'usb:\n  devices: &d\n    - a\n', 'usb:\n  devices: &d\n    - a\n    - x\n'],
    [
      'a list after an anchor and an alias',
      'usb:\n  devices:\n    - &a { select: s }\n    - *a\n',
      'usb:\n  devices:\n    - &a { select: s }\n    - *a\n    - x\n',
    ],
  ])('%s', async (_, before, after) => {
    expect(await add(before, 'x')).toBe(after);
  });
});

describe('where there is no list, it is made in', () => {
  test.each([
    [
      'a mapping',
      'name: b\nusb:\n  reserve: 2 # two\n\nmemory: 1G\n',
      'name: b\nusb:\n  reserve: 2 # two\n  devices:\n    - x\n\nmemory: 1G\n',
    ],
    [
      'one that ends with a list',
      'usb:\n  allow:\n  - x\n  # end\n',
      'usb:\n  allow:\n  - x\n  devices:\n    - x\n  # end\n',
    ],
    ['one in brackets', 'usb: { reserve: 2 }\n', 'usb: { reserve: 2, devices: [x] }\n'],
    ['an empty one', 'usb: {}\nname: b\n', 'usb: { devices: [x] }\nname: b\n'],
    ['a file without usb', 'name: b # bench\n# the end\n', 'name: b # bench\nusb:\n  devices:\n    - x\n# the end\n'],
    ['a file without usb that ends in mid-line', 'name: b', 'name: b\nusb:\n  devices:\n    - x'],
    ['an empty file', '{}\n', '{ usb: { devices: [x] } }\n'],
    ['one in brackets without usb', '{name: b}', '{name: b, usb: { devices: [x] }}'],
    [
      'one that ends with a text of several lines',
      'qemu:\n  args:\n    - |\n      -s\n',
      'qemu:\n  args:\n    - |\n      -s\nusb:\n  devices:\n    - x\n',
    ],
    ['a document with marks', '---\nname: b\n...\n', '---\nname: b\nusb:\n  devices:\n    - x\n...\n'],
    ['JSON', '{"name": "b", "usb": {"reserve": 2}}', '{"name": "b", "usb": {"reserve": 2, "devices": ["x"]}}'],
    ['JSON with a line each', '{\n  "name": "b"\n}\n', '{\n  "name": "b",\n  "usb": {"devices": ["x"]}\n}\n'],
  ])('%s', async (_, before, after) => {
    const made = await add(before, 'x');
    expect(made).toBe(after);
    if (before.startsWith('{"') || before.startsWith('{\n')) JSON.parse(made);
  });
});

describe('a device is taken out of', () => {
  const block =
    'usb:\n  devices:\n    # top\n    - a # mine\n    # between\n    - { select: b }\n      # of b\n    - select: c\n      slower: allow\n  reserve: 2\n';
  test.each([
    ['a block list, the first', block, 0, block.replace('    - a # mine\n', '')],
    ['a block list, one between', block, 1, block.replace('    - { select: b }\n', '')],
    ['a block list, the last', block, 2, block.replace('    - select: c\n      slower: allow\n', '')],
    [
      'a list of one',
      'usb:\n  devices: # ours\n    # the stick\n    - a # mine\n    # end\n',
      0,
      'usb:\n  devices: [] # ours\n    # the stick\n    # end\n',
    ],
    ['a list of one with an anchor', 'usb:\n  devices: &d\n  - a\n', 0, 'usb:\n  devices: &d []\n'],
    ['one without a line break at its end', 'usb:\n  devices:\n    - a\n    - b', 1, 'usb:\n  devices:\n    - a'],
    [
      'one with the line breaks of Windows, and none at its end',
      'usb:\r\n  devices:\r\n    - a\r\n    - b',
      1,
      'usb:\r\n  devices:\r\n    - a',
    ],
    ['brackets, the first', 'usb: { devices: [a, b, c] }', 0, 'usb: { devices: [b, c] }'],
    ['brackets, one between', 'usb: { devices: [a, b, c] }', 1, 'usb: { devices: [a, c] }'],
    ['brackets, the last', 'usb: { devices: [a, b, c] }', 2, 'usb: { devices: [a, b] }'],
    ['brackets, the only one', 'usb: { devices: [ a, ] }', 0, 'usb: { devices: [] }'],
    ['brackets with a last comma', 'usb: { devices: [a, b,] }', 1, 'usb: { devices: [a,] }'],
    [
      'brackets with a line each',
      'usb:\n  devices: [\n    a, # one\n    # above b\n    b # two\n  ]\n',
      1,
      'usb:\n  devices: [\n    a # one\n    # above b\n  ]\n',
    ],
    [
      'brackets with a line each, the first',
      'usb:\n  devices: [\n    a, # one\n    # above b\n    b # two\n  ]\n',
      0,
      'usb:\n  devices: [\n    # above b\n    b # two\n  ]\n',
    ],
    [
      'brackets with a line each, the only one',
      'usb:\n  devices: [\n    # above\n    a, # one\n  ]\n',
      0,
      'usb:\n  devices: [\n    # above\n  ]\n',
    ],
    [
      'brackets with commas in front',
      'usb:\n  devices: [ a # one\n    , b # two\n    ]\n',
      1,
      'usb:\n  devices: [ a # one\n     # two\n    ]\n',
    ],
    [
      'an alias',
      'usb:\n  devices:\n    - &a { select: s }\n    - *a\n',
      1,
      'usb:\n  devices:\n    - &a { select: s }\n',
    ],
    ['JSON', '{"usb": {"devices": ["a", {"select": "b", "port": 1}]}}', 1, '{"usb": {"devices": ["a"]}}'],
    ['JSON with a line each', '{"usb": {"devices": [\n  "a",\n  "b"\n]}}', 1, '{"usb": {"devices": [\n  "a"\n]}}'],
  ])('%s', async (_, before, index, after) => {
    expect(await remove(before, index)).toBe(after);
  });

  test('several go at once', async () => {
    expect(await remove('usb:\n  devices:\n    - a\n    - b\n    - c\n', 0, 2)).toBe('usb:\n  devices:\n    - b\n');
    expect(await remove('usb: { devices: [a, b, c] }', 1, 0, 2)).toBe('usb: { devices: [] }');
  });
});

describe('what is written', () => {
  test.each([
    ['0781:5567', '0781:5567'],
    ['0781:5567:4C530001', '0781:5567:4C530001'],
    ['1-2.3', '1-2.3'],
    ['pci-0000:00:14.0/2.3', 'pci-0000:00:14.0/2.3'],
    ['@1.5', "'@1.5'"],
    ['"cruzer blade"', `'"cruzer blade"'`],
    ['cruzer blade', 'cruzer blade'],
    ['true', "'true'"],
    ['null', "'null'"],
    ['123', "'123'"],
    ['serial=a: b', "'serial=a: b'"],
    ['serial=a #b', "'serial=a #b'"],
    ["it's", "'it''s'"],
    ['a, b', "'a, b'"],
    ['käse', '"käse"'],
    ['a ', "'a '"],
  ])('%s', async (select, written) => {
    expect(await add('usb: { devices: [a] }', select)).toBe(`usb: { devices: [a, ${written}] }`);
    expect(await add('usb:\n  devices:\n    - a\n', select)).toBe(`usb:\n  devices:\n    - a\n    - ${written}\n`);
  });

  test('terms make it a mapping; a port is as it was typed', async () => {
    const device = { select: '1-2', controller: 'x', port: '2.10', slower: 'allow' } as const;
    const made = await editVmFile(
      { text: '{}', path: '/vm/b.yaml' },
      { add: [device, { emulated: 'usb-tablet', port: '1.1.1' }] },
      {},
    );
    expect(made.text).toBe(
      '{ usb: { devices: [{ select: 1-2, controller: x, port: 2.10, slower: allow }, { emulated: usb-tablet, port: 1.1.1 }] } }',
    );
    expect(made.file.usb.devices.map(({ port }) => port)).toEqual(['2.10', '1.1.1']);
    const json = await editVmFile({ text: '{"name": "b"}', path: '/vm/b.json' }, { add: [device] }, {});
    expect(JSON.parse(json.text).usb.devices).toEqual([{ select: '1-2', controller: 'x', port: 2.1, slower: 'allow' }]);
    expect(json.file.usb.devices[0]?.port).toBe('2.10');
  });
});

describe('refused, with what to type', () => {
  test.each([
    ['the list is an alias', 'usb:\n  allow: &l [a]\n  devices: *l\n'],
    ['the list is what an alias stands for', 'usb:\n  devices: &l [a]\n  allow: *l\n'],
  ])('adding where %s', async (_, text) => {
    const error = await refusal(add(text, '0781:5567'));
    expect(error.findings).toMatchObject([{ code: 'edit-by-hand', evidence: { add: ['0781:5567'], lines: [] } }]);
  });

  test.each([
    ['the entry is what an alias stands for', 'usb:\n  devices:\n    - &a { select: s }\n    - *a\n', 0, 3],
    ['the entry is what another list takes', 'usb:\n  devices:\n    - &a s\n  deny: [*a]\n', 0, 3],
    ['the list is an alias', 'usb:\n  allow: &l [a]\n  devices: *l\n', 0, 2],
    ['its dash shares a line', 'usb:\n  ? devices\n  : - a\n    - b\n', 0, 3],
  ])('removing where %s', async (_, text, index, line) => {
    const error = await refusal(remove(text, index));
    expect(error.findings).toMatchObject([{ code: 'edit-by-hand', evidence: { lines: [line] } }]);
  });

  test('several documents, and a broken file, as anywhere else', async () => {
    expect((await refusal(add('--- {}\n--- {}\n', 'x'))).code).toBe('vm-file-documents');
    expect((await refusal(add('usb: { devices: [a }', 'x'))).code).toBe('vm-file-syntax');
    expect((await refusal(add('usb: { devises: [a] }', 'x'))).code).toBe('key-unknown');
  });

  test('what the file would be after the change is checked, and told as that', async () => {
    const error = await refusal(edit('usb: { devices: [a] }', { add: [{ emulated: 'usb-tablte' }] }));
    expect(error.findings.map(({ code }) => code)).toEqual(['value-unknown', 'edit-would-break']);
  });
});
