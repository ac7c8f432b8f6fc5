import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { printable } from '../../../src/diag/index.js';
import { runs } from '../runs.js';
import { UNSAFE } from './unsafe.js';

/** Any UTF-16 there is, lone surrogates and what terminals obey included. */
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
  fc
    .array(fc.constantFrom('\u001b[31m', '\u202e', '\n', '\\', '\ud83d', '\ude00', '\u009b', 'a', '\u200d'))
    .map((parts) => parts.join('')),
);

describe('printable', () => {
  test('whatever comes in, nothing that a terminal or a reader could mistake comes out', () => {
    fc.assert(
      fc.property(anyText, (text) => !UNSAFE.test(printable(text))),
      { numRuns: runs(2000) },
    );
  });

  test('it is never longer than the limit, and says so when it cut', () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 1, max: 40 }), (text, limit) => {
        const shown = printable(text, limit);
        return shown.length <= limit && !UNSAFE.test(shown) && (text.length <= limit || shown.endsWith('…'));
      }),
      { numRuns: runs(2000) },
    );
  });

  test('two texts that differ look different', () => {
    fc.assert(fc.property(anyText, anyText, (a, b) => a === b || printable(a, 1e6) !== printable(b, 1e6)));
  });

  test.each([
    ['plain text, ünïcödé and 中文 😀', 'plain text, ünïcödé and 中文 😀'],
    ['a\nb\tc\r', 'a\\nb\\tc\\r'],
    ['\u001b]0;x\u0007', '\\x1b]0;x\\x07'],
    ['C:\\new', 'C:\\\\new'],
    ['\u202eevil', '\\u202eevil'],
    ['\ud83d', '\\ud83d'],
  ])('%j', (text, shown) => {
    expect(printable(text)).toBe(shown);
  });
});
