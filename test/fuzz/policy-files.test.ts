import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Policy } from '../../src/config/index.js';
import { parsePolicy } from '../../src/config/policy/parse-policy.js';
import { describe as describeFinding, QplugError } from '../../src/diag/index.js';
import { selectorFault } from '../../src/host/index.js';
import { UNSAFE } from '../unit/diag/unsafe.js';
import { runs } from '../unit/runs.js';

const FILE = '/etc/qplug/policy.yaml';
const read = (text: string): Policy => parsePolicy(text, FILE, { checkSelector: selectorFault, passwd: '', group: '' });

test('no text is anything but a policy or a clear refusal', () => {
  const words = [
    'deny',
    'allow',
    'enabled',
    ':',
    ' ',
    '\n',
    '- ',
    '{',
    '}',
    '[',
    ']',
    'class',
    '08',
    '&a',
    '*a',
    'port',
    '1-2',
    '"',
    '\u001b[31m',
    '\u202e',
  ];
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 100 }),
    fc.array(fc.constantFrom(...words), { maxLength: 30 }).map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(text, (source) => {
      try {
        expect(read(source).path).toBe(FILE);
      } catch (caught) {
        if (!(caught instanceof QplugError)) throw caught;
        expect(caught.code).toBe('policy-unusable');
        for (const found of caught.findings) {
          for (const said of Object.values(describeFinding(found))) expect(said ?? '').not.toMatch(UNSAFE);
        }
      }
    }),
    { numRuns: runs(1000) },
  );
});
