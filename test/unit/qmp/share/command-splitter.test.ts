import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CommandSplitter } from '../../../../src/qmp/share/index.js';
import { runs } from '../../runs.js';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** @returns texts, and faults by name */
function split(...chunks: readonly (string | Uint8Array)[]): string[] {
  const splitter = new CommandSplitter(1000);
  return chunks
    .flatMap((chunk) => splitter.push(typeof chunk === 'string' ? encode(chunk) : chunk))
    .map((frame) => ('fault' in frame ? frame.fault : frame.text));
}

describe('messages end where QEMU ends them', () => {
  test.each([
    ['without a line end', ['{"a":1}'], ['{"a":1}']],
    ['several in one line', ['{"a":1}{"b":2} [3]\r\n'], ['{"a":1}', '{"b":2}', '[3]']],
    ['over several lines', ['{\n "a":\n\t1}\n'], ['{\n "a":\n\t1}']],
    ['brackets and quotes in strings', [`{"a":"}\\"]","b":'"}\\''}{}`], [`{"a":"}\\"]","b":'"}\\''}`, '{}']],
    ['words without brackets: one fault for the line', ['foo bar\n{}\n'], ['not-json', '{}']],
    ['a message behind words', ['foo {"a":1}\n'], ['not-json', '{"a":1}']],
    ['a bracket too many', ['{}}\n{}'], ['{}', 'not-json', '{}']],
    ['a string without an end', ['{"a":"x\n{}'], ['not-json', '{}']],
    ['a control character', ['{"a":\u0001{}'], ['not-json', '{}']],
    ['0xff, which clients send to begin anew', [Uint8Array.of(0x7b, 0xff), '{}'], ['not-json', '{}']],
    ['0xff before anything', [Uint8Array.of(0xff), '{}'], ['not-json', '{}']],
    ['broken UTF-8', [Uint8Array.of(0x7b, 0x22, 0xc3, 0x22, 0x7d), '{}'], ['not-json', '{}']],
    ['blank lines', ['\r\n \n\t{}'], ['{}']],
  ])('%s', (_, chunks, frames) => {
    expect(split(...chunks)).toEqual(frames);
  });
});

test('after a message beyond the limit nothing more is read', () => {
  expect(split(`{"a":"${'x'.repeat(600)}`, `${'x'.repeat(600)}"}`, '{}')).toEqual(['too-large']);
  expect(split(`{"a":"${'x'.repeat(990)}"}{}`)).toEqual([`{"a":"${'x'.repeat(990)}"}`, '{}']);
});

test('any cut of any messages gives the same messages', () => {
  fc.assert(
    fc.property(
      fc.array(fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue({ maxDepth: 3 })), { maxLength: 6 }),
      fc.constantFrom('', '\n', '\r\n', ' '),
      fc.array(fc.nat(), { maxLength: 10 }),
      (objects, between, cuts) => {
        const texts = objects.map((one) => JSON.stringify(one));
        const bytes = encode(texts.map((text) => text + between).join(''));
        const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
        const splitter = new CommandSplitter(1 << 20);
        const frames = at.slice(1).flatMap((end, index) => splitter.push(bytes.slice(at[index], end)));
        expect(frames.map((frame) => ('text' in frame ? frame.text : frame.fault))).toEqual(texts);
      },
    ),
    { numRuns: runs(300) },
  );
});

test('any bytes at all: it takes them, and a message after a reset is read', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 10 }), (chunks) => {
      const splitter = new CommandSplitter(10_000);
      for (const chunk of chunks) splitter.push(chunk);
      // a quote may be open, and a backslash before it: the reset byte ends both
      splitter.push(Uint8Array.of(0x0a, 0xff));
      expect(splitter.push(encode('\n{"a":1}'))).toContainEqual({ text: '{"a":1}', bytes: 7 });
    }),
    { numRuns: runs(500) },
  );
});
