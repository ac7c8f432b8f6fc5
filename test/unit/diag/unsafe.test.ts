import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isUnsafe, oneLine, printable, safeJson, safeLines } from '../../../src/diag/index.js';
import { runs } from '../runs.js';
import { UNSAFE } from './unsafe.js';

/** Any UTF-16 there is, and often what terminals obey. */
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(
      fc.constantFrom('\u001b[31m', '\u202e', '\n', '\r', '\\', '\ud83d', '\ude00', '\u009b', '\u007f', 'a', '\u200d'),
    )
    .map((parts) => parts.join('')),
);

test('every character that Unicode calls a control, a separator of lines, a mark of direction or ignorable is escaped', () => {
  const hides =
    /\p{Cc}|\p{Cs}|\p{Zl}|\p{Zp}|\p{Bidi_Control}|\u034f|[\u00ad\u180e\u200b-\u200f\u2060-\u206f\ufeff\u{e0000}-\u{e007f}]/u;
  for (let point = 0; point <= 0x10ffff; point++) {
    const text = String.fromCodePoint(point);
    if (isUnsafe(text) !== (hides.test(text) || /[\ufff9-\ufffb]/.test(text))) expect.fail(`U+${point.toString(16)}`);
    if (isUnsafe(oneLine(text))) expect.fail(`U+${point.toString(16)} is not escaped`);
  }
});

test('what was escaped before stays as it is, also when it is escaped again', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const shown = printable(text, 1e6);
      expect([oneLine(shown), safeLines(shown), oneLine(oneLine(text))]).toEqual([shown, shown, oneLine(text)]);
    }),
    { numRuns: runs(2000) },
  );
});

test('lines keep their breaks, and nothing else that is unsafe', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      expect(safeLines(text).split('\n')).toEqual(text.split('\n').map(oneLine));
      expect(safeLines(text).replaceAll('\n', '')).not.toMatch(UNSAFE);
    }),
    { numRuns: runs(2000) },
  );
});

test('a JSON text has nothing unsafe in it, and reads back as what it was', () => {
  fc.assert(
    fc.property(fc.dictionary(anyText, anyText), fc.constantFrom(undefined, 2), (value, indent) => {
      const json = safeJson(JSON.stringify(value, undefined, indent));
      expect(json.replaceAll('\n', '')).not.toMatch(UNSAFE);
      expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(value)));
    }),
    { numRuns: runs(2000) },
  );
});
