import fc from 'fast-check';
import { expect, test } from 'vitest';
import { joinMembers, rawMembers } from '../../../../src/qmp/share/raw-object.js';
import { strictJson } from '../../../../src/qmp/share/strict-json.js';
import { runs } from '../../runs.js';

test('members keep the text of their values, digit by digit', () => {
  expect(rawMembers('{ "a" : 9223372036854775807 ,"b":[1.10,{"c":"}\\",{"}],"\\u0069d":"\\ud800", "n":{} }')).toEqual([
    { name: 'a', value: '9223372036854775807' },
    { name: 'b', value: '[1.10,{"c":"}\\",{"}]' },
    { name: 'id', value: '"\\ud800"' },
    { name: 'n', value: '{}' },
  ]);
  expect(rawMembers(' {} ')).toEqual([]);
  expect(rawMembers('{"a":1,"a":2}')).toHaveLength(2);
});

test('any object, however it is laid out, is the same after it was cut and joined', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()), fc.nat(4), (object, spaces) => {
      const text = JSON.stringify(object, undefined, spaces);
      expect(JSON.parse(joinMembers(rawMembers(text)))).toEqual(JSON.parse(text));
    }),
    { numRuns: runs(500) },
  );
});

test.each([
  ["{'execute': 'query-name'}", '{"execute": "query-name"}'],
  [`{'a': 'it\\'s "so"', "b": "it's"}`, `{"a": "it's \\"so\\"", "b": "it's"}`],
  [`{"a": "\\'\\\\"}`, `{"a": "'\\\\"}`],
])('QEMU’s %s is %s', (theirs, json) => {
  expect(strictJson(theirs)).toBe(json);
  expect(() => JSON.parse(json)).not.toThrow();
});

test('JSON stays as it is', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(strictJson(JSON.stringify(value))).toBe(JSON.stringify(value));
    }),
    { numRuns: runs(300) },
  );
});
