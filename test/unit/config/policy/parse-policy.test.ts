import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import type { Policy } from '../../../../src/config/index.js';
import { parsePolicy } from '../../../../src/config/policy/parse-policy.js';
import { QplugError } from '../../../../src/diag/index.js';
import { selectorFault } from '../../../../src/host/index.js';

const FILE = '/etc/qplug/policy.yaml';
const passwd = 'root:x:0:0:root:/root:/bin/sh\nann:x:1000:1000::/home/ann:/bin/sh\nodd:x:none:1\n';
const group = 'usb:x:46:ann\n';
const read = (text: string): Policy => parsePolicy(text, FILE, { checkSelector: selectorFault, passwd, group });

function error(text: string): QplugError {
  try {
    read(text);
  } catch (caught) {
    if (caught instanceof QplugError) return caught;
    throw caught;
  }
  throw new Error('was accepted');
}

/** `line:column code` of each finding but the first, which says that the policy can't be used. */
function finds(text: string): string[] {
  const [first, ...rest] = error(text).findings;
  expect(first?.code).toBe('policy-unusable');
  return rest.map(({ location, code }) => `${location?.line ?? '-'}:${location?.column ?? '-'} ${code}`);
}

describe('a policy', () => {
  test('that says nothing allows everything', () => {
    expect(read('{}')).toEqual({ path: FILE, enabled: true, allow: undefined, deny: [] });
  });

  test('may forbid everything', () => {
    expect(read('enabled: false')).toMatchObject({ enabled: false });
    expect(read('allow: []')).toMatchObject({ enabled: true, allow: [] });
  });

  test('has rules of a selector, or of keys that all have to fit', () => {
    const text =
      'deny:\n  - class=03\n  - { class: 08, port: 1-2, user: ann, group: usb, vm: bench, select: "0781:5567" }\n';
    expect(read(text).deny).toEqual([
      {
        select: 'class=03',
        class: undefined,
        port: undefined,
        uid: undefined,
        gid: undefined,
        vm: undefined,
        location: { file: FILE, line: 2, column: 5 },
      },
      {
        select: '0781:5567',
        class: 8,
        port: '1-2',
        uid: 1000,
        gid: 46,
        vm: 'bench',
        location: { file: FILE, line: 3, column: 5 },
      },
    ]);
  });

  test('takes accounts by number that no file has, and numbers as they are written', () => {
    const [rule] = read('deny: [{ user: 70000, group: "12", class: 0e, vm: 007 }]').deny;
    expect(rule).toMatchObject({ uid: 70_000, gid: 12, class: 14, vm: '007' });
    expect(read('deny: [{ class: 10 }, { class: 0xff }]').deny.map((one) => one.class)).toEqual([16, 255]);
  });
});

describe('a policy that is not valid is told with all that is wrong, and where', () => {
  test.each([
    ['', ['1:1 policy-wrong']],
    ['- 1', ['1:1 policy-wrong']],
    ['enabled: no', ['1:10 vm-file-value']],
    ['deni: []', ['1:1 vm-file-key']],
    ['deny:\n  - {}', ['2:5 vm-file-value']],
    ['deny:\n  - { clas: 03 }', ['2:7 vm-file-key']],
    ['deny:\n  - { class: 999 }\n  - { port: 1-2-3 }', ['2:14 vm-file-value', '3:13 vm-file-value']],
    ['allow: [{ user: nobody-here }, { group: odd }]', ['1:17 policy-wrong', '1:41 policy-wrong']],
    ['deny: [{ user: odd }]', ['1:16 policy-wrong']],
    ['deny: ["serial="]', ['1:8 selector-wrong']],
    ['{}\n---\n{}', ['2:1 policy-wrong']],
    ['enabled: true\nenabled: false', ['2:1 duplicate-key']],
    ['deny: [', ['1:8 yaml-syntax']],
  ])('%j', (text, expected) => {
    expect(finds(text).map((one) => one.replace(/ .*/, ''))).toEqual(expected.map((one) => one.replace(/ .*/, '')));
  });

  test('nested too deeply', () => {
    expect(finds('{a: '.repeat(30_000)).length).toBeGreaterThan(0);
    expect(finds('['.repeat(200_000)).length).toBeLessThanOrEqual(100);
  });
});

test('the schema takes what the program takes', () => {
  const schema = JSON.parse(readFileSync(new URL('../../../../schemas/policy.schema.json', import.meta.url), 'utf8'));
  const validate = new Ajv({ allowUnionTypes: true, strictTypes: false }).compile(schema);
  expect(validate({ deny: ['class=03', { class: '08', user: 1000, vm: 'a' }], allow: [], enabled: true })).toBe(true);
  for (const wrong of [[], { deny: [{}] }, { deny: [7] }, { deny: [{ select: '' }] }, { more: 1 }, { enabled: 'no' }]) {
    expect(validate(wrong), JSON.stringify(wrong)).toBe(false);
  }
});
