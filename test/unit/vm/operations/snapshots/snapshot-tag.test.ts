import fc from 'fast-check';
import { expect, test } from 'vitest';
import { QplugError } from '../../../../../src/diag/index.js';
import { checkTag, tagOfNow } from '../../../../../src/vm/operations/snapshots/snapshot-tag.js';

function isTag(text: string): boolean {
  try {
    return checkTag(text) === text;
  } catch (error) {
    if (!(error instanceof QplugError) || error.code !== 'snapshot-tag-wrong') throw error;
    return false;
  }
}

test.each(['clean', 'a', '1a', 'v1.2_x-3', 'x'.repeat(64), '2026-11-21-194305', '1.5'])('%s is a tag', (text) => {
  expect(isTag(text)).toBe(true);
});

test.each(['', '7', '0123', '-a', '.a', '..', '_a', 'a b', 'a/b', 'a\nb', 'a,b', 'ä', 'x'.repeat(65)])(
  '%j is none',
  (text) => {
    expect(isTag(text)).toBe(false);
  },
);

test('no tag leaves its folder, ends a line of the human monitor or begins another word', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (text) => {
      if (isTag(text)) expect(text).toMatch(/^[\w.-]+$/);
    }),
  );
});

test('the tag of a moment is one, and later ones sort behind', () => {
  const tags = [new Date(2026, 0, 2, 3, 4, 5), new Date(2026, 10, 21, 19, 43, 5)].map((at) => tagOfNow(at));
  expect(tags).toEqual(['2026-01-02-030405', '2026-11-21-194305']);
  expect(tags.every(isTag)).toBe(true);
});
