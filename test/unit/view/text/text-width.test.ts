import fc from 'fast-check';
import pico from 'picocolors';
import { describe, expect, test } from 'vitest';
import { printable } from '../../../../src/diag/index.js';
import { cut, pad, shorten, width, wrap } from '../../../../src/view/text/text-width.js';
import { runs } from '../../runs.js';

describe('text', () => {
  test('width counts what a terminal shows', () => {
    expect(width('abc')).toBe(3);
    expect(width(pico.createColors(true).red('abc'))).toBe(3);
    expect(width('日本')).toBe(4);
    expect(width('e\u0301')).toBe(1);
    expect(width('🙂')).toBe(2);
  });

  test.each([
    ['⌚', 2],
    ['✔', 1],
    ['Ａ', 2],
    ['ｱ', 1],
    ['한', 2],
    ['\u1112\u1161\u11ab', 2],
    ['〿', 1],
    ['🇩🇪', 2],
    ['a\u200bb', 2],
    ['é', 1],
    ['━├', 2],
    ['𠀀', 2],
  ])('%s takes %i columns', (text, columns) => {
    expect(width(text)).toBe(columns);
  });

  test('shorten keeps start and end, and divides no escape and no letter with its marks', () => {
    expect(shorten('0781:5567 "Ultra" at 1-2', 24)).toBe('0781:5567 "Ultra" at 1-2');
    expect(shorten('0781:5567 "SanDisk Ultra" at 1-2', 24)).toBe('0781:5567 "SanDi… at 1-2');
    expect(shorten('\\x1b\\x1b\\x1b\\x1b', 10)).toBe('\\x1b\\x1b…');
    expect(shorten('日本語日本語', 6)).toBe('日本…');
    expect(shorten('abc', 0)).toBe('');
    expect(shorten('abc', 1)).toBe('…');
  });

  test('what was shortened fits, and is made of the start and the end of what it was', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 30 }), (text, columns) => {
        const told = printable(text);
        const shown = shorten(told, columns);
        expect(width(shown)).toBeLessThanOrEqual(columns);
        if (shown === told) return;
        expect(width(told)).toBeGreaterThan(columns);
        const cuts = [...shown.matchAll(/…/g)].map(({ index }) => [shown.slice(0, index), shown.slice(index + 1)]);
        expect(cuts.some(([start = '', end = '']) => told.startsWith(start) && told.endsWith(end))).toBe(true);
      }),
      { numRuns: runs(500) },
    );
  });

  test('cut leaves what fits and marks what does not', () => {
    expect(cut('abc', 3)).toBe('abc');
    expect(cut('abcd', 3)).toBe('ab…');
    expect(cut('日本語', 4)).toBe('日…');
    expect(cut('abc', Number.POSITIVE_INFINITY)).toBe('abc');
  });

  test('what was cut or padded never takes more or less than asked', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 30 }), (text, columns) => {
        expect(width(cut(text, columns))).toBeLessThanOrEqual(columns);
        expect(width(pad(cut(text, columns), columns))).toBe(columns);
      }),
    );
  });

  test('wrap keeps every word, in lines that fit where a word allows it', () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[a-z]{1,12}$/), { minLength: 1 }), (words) => {
        const lines = wrap(words.join(' '), 12);
        expect(lines.join(' ')).toBe(words.join(' '));
        expect(Math.max(...lines.map(width))).toBeLessThanOrEqual(12);
      }),
    );
  });
});
