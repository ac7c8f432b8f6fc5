import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseLine } from '../../../../src/qmp/protocol/message.js';
import { nestsDeeper } from '../../../../src/qmp/protocol/nesting.js';
import { runs } from '../../runs.js';

/** Levels, by walking the value. */
function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

describe('nestsDeeper', () => {
  test('counts levels of any JSON, whatever its strings hold', () => {
    const text = fc.constantFrom('[', ']]', '{', '}', '"', '\\', '\\"', '[{"', 'a');
    const json = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 6 },
        fc.array(text).map((parts) => parts.join('')),
        tie('list'),
        tie('object'),
      ),
      list: fc.array(tie('value'), { maxLength: 3 }),
      object: fc.dictionary(text, tie('value'), { maxKeys: 3 }),
    })).value;
    fc.assert(
      fc.property(json, fc.nat(6), (value, limit) => {
        // what is shorter than its limit allows is not even read
        const padded = JSON.stringify([value, ' '.repeat(20)]);
        expect(nestsDeeper(padded, limit)).toBe(depthOf(JSON.parse(padded)) > limit);
      }),
      { numRuns: runs(1000) },
    );
  });

  test.each([
    [1024, true],
    [1025, false],
    [1_000_000, false],
  ])('a message of %i levels is taken: %s', (levels, taken) => {
    const line = `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
    expect('message' in parseLine(line)).toBe(taken);
  });
});
