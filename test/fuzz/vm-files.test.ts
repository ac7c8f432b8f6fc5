import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseVmFile, type VmFile } from '../../src/config/index.js';
import { QplugError, describe as words } from '../../src/diag/index.js';
import { UNSAFE } from '../unit/diag/unsafe.js';
import { runs } from '../unit/runs.js';

const read = (text: string): Promise<VmFile> => parseVmFile(text, '/vm/bench.yaml');

test('any text is a VM file or a list of findings', async () => {
  const fragments = fc.constantFrom(
    ...[
      'usb:',
      'devices:',
      'controllers:',
      '- ',
      '  ',
      '\n',
      '{',
      '}',
      '[',
      ']',
      ',',
      ': ',
      '&a ',
      '*a',
      "'",
      '"',
      'name',
      '1',
      '!!x',
      '\t',
      '|',
      '@',
      '#',
      'model: xhci',
      'port: 1',
      '\u001b[2J',
      '\u202e',
    ],
  );
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(fragments, { maxLength: 30 }).map((parts) => parts.join('')),
  );
  await fc.assert(
    fc.asyncProperty(texts, async (text) => {
      const outcome = await read(text).catch((caught: unknown) => caught);
      if (!(outcome instanceof QplugError)) {
        expect((outcome as VmFile).path).toBe('/vm/bench.yaml');
        return;
      }
      expect(outcome.findings.length).toBeGreaterThan(0);
      const shown = outcome.findings.flatMap((found) => Object.values(words(found)));
      expect(shown.filter((line) => UNSAFE.test(line ?? ''))).toEqual([]);
    }),
    { numRuns: runs(500) },
  );
});
