import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { childPort, comparePorts, formatPort, parentPort, parsePort, portDepth } from '../../../src/qdev/index.js';

const path = fc.array(fc.integer({ min: 1, max: 15 }), { minLength: 1, maxLength: 6 });

describe('port paths', () => {
  test.each([
    '',
    '0',
    '01',
    '1.',
    '.1',
    '1..2',
    '1.02',
    '1.0',
    ' 1',
    '1 ',
    '1-2',
    'a',
    '1.a',
    '-1',
    '1e3',
    '１',
    '1\n',
  ])('%j is no port path', (text) => {
    expect(parsePort(text)).toBeUndefined();
  });

  test('numbers come back from their own text', () => {
    fc.assert(
      fc.property(path, (numbers) => {
        expect(parsePort(formatPort(numbers))).toEqual(numbers);
      }),
    );
  });

  test('any text is either refused or is what its numbers are written as', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[0-9.]{0,8}$/), (text) => {
        expect([undefined, text]).toContain(parsePort(text) && formatPort(parsePort(text) ?? []));
      }),
    );
  });

  test('ports sort by number, a hub before what is behind it', () => {
    expect(['10', '2.10', '2', '2.2', '1.1.1', '1'].sort(comparePorts)).toEqual([
      '1',
      '1.1.1',
      '2',
      '2.2',
      '2.10',
      '10',
    ]);
  });

  test('what is no port sorts last, as text', () => {
    expect(['x', '3', 'a', '1'].sort(comparePorts)).toEqual(['1', '3', 'a', 'x']);
  });

  test('the order is total: swapping turns the sign', () => {
    fc.assert(
      fc.property(path, path, (a, b) => {
        expect(Math.sign(comparePorts(formatPort(a), formatPort(b)))).toBe(
          -Math.sign(comparePorts(formatPort(b), formatPort(a))) + 0,
        );
      }),
    );
  });

  test('a child port is one deeper, and its parent is where it came from', () => {
    fc.assert(
      fc.property(path, fc.integer({ min: 1, max: 8 }), (numbers, n) => {
        const hub = formatPort(numbers);
        expect(parentPort(childPort(hub, n))).toBe(hub);
        expect(portDepth(childPort(hub, n))).toBe(portDepth(hub) + 1);
      }),
    );
  });

  test('a root port has depth 1 and no parent', () => {
    expect([portDepth('15'), parentPort('15')]).toEqual([1, undefined]);
  });
});
