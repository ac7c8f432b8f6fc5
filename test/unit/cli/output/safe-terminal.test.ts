import fc from 'fast-check';
import pico from 'picocolors';
import { expect, test } from 'vitest';
import { jsonText } from '../../../../src/cli/output/json-text.js';
import { safeTerminal } from '../../../../src/cli/output/safe-terminal.js';
import { QplugError } from '../../../../src/diag/index.js';
import { width } from '../../../../src/view/text/text-width.js';
import { UNSAFE } from '../../diag/unsafe.js';
import { runs } from '../../runs.js';
import { fakeTerminal } from '../fake-terminal.js';

const colors = pico.createColors(true);
const PAINTS = ['bold', 'dim', 'red', 'yellow', 'green', 'cyan'] as const;

/** Text from outside, often with a colour in it as our own code would write it. */
const foreign = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('\u001b[31m', '\u001b[39m', '\u001b[0m', '\u001b[2J', '\u009b1m'),
    ),
  )
  .map((parts) => parts.join(''));

test('of a text from outside nothing gets through that a terminal acts upon, painted or not', () => {
  fc.assert(
    fc.property(foreign, fc.constantFrom(undefined, ...PAINTS), (text, paint) => {
      const given = fakeTerminal({ outColors: colors, errColors: colors });
      const terminal = safeTerminal(given);
      terminal.out(paint === undefined ? text : terminal.outColors[paint](text));
      terminal.err(paint === undefined ? text : terminal.errColors[paint](text));
      const [open = '', close = ''] = paint === undefined ? [] : colors[paint]('|').split('|');
      for (const said of [given.stdout(), given.stderr()]) {
        expect(said.startsWith(open) && said.endsWith(close)).toBe(true);
        expect(said.slice(open.length, said.length - close.length).replaceAll('\n', '')).not.toMatch(UNSAFE);
      }
    }),
    { numRuns: runs(2000) },
  );
});

test('our own colours are written as they would be without', () => {
  const given = fakeTerminal({ outColors: colors });
  const { outColors: safe, out } = safeTerminal(given);
  out(`${safe.bold(safe.red('error:'))} ${safe.bold(`a ${safe.dim('b')} c`)}\n`);
  expect(given.stdout()).toBe(`${colors.bold(colors.red('error:'))} ${colors.bold(`a ${colors.dim('b')} c`)}\n`);
  expect(width(safe.red('abc'))).toBe(3);
});

test('where there are no colours none gets through', () => {
  const given = fakeTerminal();
  const terminal = safeTerminal(given);
  terminal.out(`${colors.red('a')}${terminal.outColors.red('b')}`);
  expect(given.stdout()).toBe('\\x1b[31ma\\x1b[39mb');
});

test('a document too deep for JSON is told as that', () => {
  const deep = JSON.parse('['.repeat(100_000) + ']'.repeat(100_000));
  expect(() => jsonText(deep, 2)).toThrow(QplugError);
  expect(() => jsonText(deep, 2)).toThrow(/nested too deeply/);
});
