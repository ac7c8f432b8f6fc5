import fc from 'fast-check';
import { expect, test } from 'vitest';
import { applySplices, inverse } from '../../../../src/config/edit/splice.js';
import { type DevicesChange, editVmFile, type NewEntry, type VmFile } from '../../../../src/config/index.js';
import { runs } from '../../runs.js';
import { type RandomFile, randomFiles } from './random-files.js';

const selectOf = fc.oneof(
  fc.constantFrom('0781:5567', '1-2.3', 'pci-0000:00:14.0/2.3', '@1.5', 'null', '- x', 'a: b', 'x # y'),
  fc.string({ minLength: 1, maxLength: 20 }),
  fc
    .string({ unit: 'binary', minLength: 1, maxLength: 20 })
    .filter((text) => !text.includes('\0') && !/\p{Cs}/u.test(text)),
);
const newDevice: fc.Arbitrary<NewEntry> = fc.record(
  {
    select: selectOf,
    port: fc.constantFrom('1', '2.10', '1.2.3'),
    slower: fc.constantFrom('refuse', 'allow'),
    controller: fc.constantFrom('x', 'usb-bus.0', '1'),
  },
  { requiredKeys: ['select'] },
);

/** What is done to a file: devices come, or those go of which the numbers are the places, counted round. */
const randomChange = fc.oneof(
  fc.record({ add: fc.array(newDevice, { minLength: 1, maxLength: 3 }) }),
  fc.record({ go: fc.array(fc.nat(99), { minLength: 1, maxLength: 3 }) }),
);

const shown = ({ usb }: VmFile): unknown[] =>
  usb.devices.map((one) => (one.kind === 'host' ? [one.select, one.slower, one.controller, one.port] : one.model));

const edit = (text: string, change: DevicesChange) => editVmFile({ text, path: '/vm/bench.yaml' }, change, {});

function meant({ devices }: RandomFile, change: DevicesChange): unknown[] {
  const now = devices.map(({ select, slower }) => [select, slower, undefined, undefined]);
  if ('remove' in change) return now.filter((_, index) => !change.remove.includes(index));
  return [...now, ...change.add.map((one) => [one.select, one.slower ?? 'refuse', one.controller, one.port])];
}

/** Lines that say nothing of any entry, and not that there is a list. */
const otherLines = (text: string): string[] =>
  text
    .split('\n')
    .filter((line) => !/dev\d|devices|usb|^\s*[[{}\]]|reserve|hubs|grow|slower/.test(line.replace(/#.*/, '')));

function isSubsequence(some: readonly string[], all: readonly string[]): boolean {
  let at = 0;
  for (const one of all) if (one === some[at]) at++;
  return at === some.length;
}

const comments = (text: string): string[] => [...text.matchAll(/# c-[\w:-]*/g)].map(([one]) => one);
const own = (text: string): number => [...text.matchAll(/# own-/g)].length;

test('a random change of a random file: exactly that changes, all else stays as it is written, and can be undone', async () => {
  let [added, removed] = [0, 0];
  await fc.assert(
    fc.asyncProperty(randomFiles, randomChange, async (file, random) => {
      const count = file.devices.length;
      if ('go' in random && count === 0) return;
      const change: DevicesChange =
        'add' in random ? random : { remove: [...new Set(random.go.map((one) => one % count))] };
      const made = await edit(file.text, change);
      expect(shown(made.file)).toEqual(meant(file, change));
      expect(shown((await edit(made.text, { remove: [] })).file)).toEqual(meant(file, change));
      expect(applySplices(file.text, made.splices)).toBe(made.text);
      expect(applySplices(made.text, inverse(made.splices))).toBe(file.text);
      expect(comments(made.text)).toEqual(comments(file.text));
      const [before, after] = [otherLines(file.text), made.text.split('\n')];
      expect(
        isSubsequence(
          before.map((line) => line.replace(/,?\s*$/, '')),
          after.map((line) => line.replace(/,?\s*$/, '')),
        ),
      ).toBe(true);
      expect(made.text.includes('\r')).toBe(file.text.includes('\r'));
      expect(made.text.replaceAll('\r\n', '').includes('\r')).toBe(false);
      expect(/\n$/.test(made.text)).toBe(/\n$/.test(file.text));
      if (/^\s*[{]\s*"/.test(file.text)) JSON.parse(made.text);
      if ('add' in change) {
        expect(own(made.text)).toBe(own(file.text));
        added++;
      } else removed++;
    }),
    { numRuns: runs(800) },
  );
  expect(Math.min(added, removed)).toBeGreaterThan(runs(100));
});

test('any text at all: changed, or refused with findings', async () => {
  const piece = fc.constantFrom(
    'usb:',
    '\n',
    '  ',
    'devices:',
    '- ',
    'a',
    '[',
    ']',
    '{',
    '}',
    ',',
    ' # c',
    '&x ',
    '*x',
    '"',
    "'",
    '|',
    '? ',
    ': ',
    '\t',
    '\r\n',
    '---\n',
    '0781:5567',
    'allow:',
  );
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 25 }), fc.boolean(), async (pieces, adds) => {
      const text = pieces.join('');
      const change: DevicesChange = adds ? { add: [{ select: 'new' }] } : { remove: [0] };
      try {
        const made = await edit(text, change);
        expect(applySplices(made.text, inverse(made.splices))).toBe(text);
      } catch (error) {
        expect((error as { findings?: readonly unknown[] }).findings, String((error as Error).stack)).toBeInstanceOf(
          Array,
        );
      }
    }),
    { numRuns: runs(2000) },
  );
});
