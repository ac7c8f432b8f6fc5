import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { guardWords } from '../../src/diag/index.js';
import { UNSAFE } from '../unit/diag/unsafe.js';
import { deviceAt, guardsAt } from '../unit/host/guards/host-tree.js';
import { HOSTILE } from '../unit/host/guards/hostile-host.js';
import { runs } from '../unit/runs.js';

describe('files of /proc and /sys with any content', () => {
  const noise = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.uint8Array({ maxLength: 200 }),
    fc
      .array(
        fc.constantFrom('8:1', '/', '-', '-1', '\\040', '00000000', '0003', 'usb0', '01', ':', 'sda1', '\n', ' ', '\t'),
      )
      .map((words) => words.join(' ')),
  );

  test('end in guards or in none, never in an error or for ever', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...Object.keys(HOSTILE)), noise, { maxKeys: 12 }), (changes) => {
        for (const port of ['2-1', '4-2', 'usb1']) {
          for (const guard of guardsAt(deviceAt(port), HOSTILE, changes)) {
            const { subject, breaks, mend } = guardWords(guard);
            expect(`${subject} ${breaks} ${mend?.command}`).not.toMatch(UNSAFE);
          }
        }
      }),
      { numRuns: runs(300) },
    );
  });
});
