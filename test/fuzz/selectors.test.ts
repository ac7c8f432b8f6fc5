import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isSelector, parseSelector } from '../../src/host/index.js';
import { runs } from '../unit/runs.js';

test('any text is a selector, or refused', () => {
  const piece = fc.constantFrom(
    '0781',
    ':',
    '-',
    '.',
    '@',
    'pci-',
    '0000:00:14.0',
    '/',
    '1',
    '2',
    'serial=',
    '"',
    ' ',
    '\n',
    '\0',
  );
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(piece, { maxLength: 8 }).map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(text, (any) => {
      const parsed = parseSelector(any);
      expect(isSelector(parsed) ? parsed.text : parsed.code).toBe(isSelector(parsed) ? any.trim() : 'selector-invalid');
    }),
    { numRuns: runs(3000) },
  );
});
