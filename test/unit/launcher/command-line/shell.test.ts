import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { argvArray, formatArgv, shellQuote } from '../../../../src/launcher/index.js';
import { runs } from '../../runs.js';

const words = fc.array(
  fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.string({ unit: fc.constantFrom(...'\'"$`\\!*?~#&;|<>(){}[] \n\r\t\u001b\u0085\u202e\u200b€😀-=,%'.split('')) }),
  ),
  { minLength: 1, maxLength: 8 },
);
const whole = (word: string): boolean => !word.includes('\0') && !/\p{Surrogate}/u.test(word);

test('any words come back from a shell as they were', () => {
  fc.assert(
    fc.property(words, (list) => {
      const good = list.filter(whole);
      const options = good.map((value) => ({ flag: '-x', value }));
      const script = `printf '%s\\0' ${formatArgv('x', options)}\n`;
      const back = execFileSync('sh', ['-c', script], { encoding: 'utf8' }).split('\0').slice(0, -1);
      expect(back).toEqual(argvArray('x', options));
    }),
    { numRuns: runs(150) },
  );
});

test('nothing that a terminal acts upon is printed raw', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (word) => {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: what must not be there
      expect(shellQuote(word)).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
    }),
  );
});
