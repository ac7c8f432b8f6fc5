import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LineSplitter } from '../../../../src/qmp/protocol/framing.js';
import { runs } from '../../runs.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Cuts at each offset, given in any order and with repeats. */
function cut(whole: Uint8Array, offsets: readonly number[]): Uint8Array[] {
  const sorted = [0, ...offsets.map((offset) => offset % (whole.length + 1)), whole.length].sort((a, b) => a - b);
  return sorted.slice(1).map((end, index) => whole.slice(sorted[index], end));
}

describe('LineSplitter', () => {
  test('several messages in one chunk come out in order, without their CR LF', () => {
    expect(new LineSplitter().push(bytes('{"a":1}\r\n{"b":2}\n'))).toEqual([{ line: '{"a":1}' }, { line: '{"b":2}' }]);
  });

  test('a line without its end is held back until the end comes', () => {
    const splitter = new LineSplitter();
    expect(splitter.push(bytes('{"a"'))).toEqual([]);
    expect(splitter.unfinished).toBe('{"a"');
    expect(splitter.push(bytes(':1}\n'))).toEqual([{ line: '{"a":1}' }]);
    expect(splitter.unfinished).toBe('');
  });

  test('a character cut between its bytes comes out whole', () => {
    const splitter = new LineSplitter();
    const whole = bytes('"ä😀"\n');
    expect(Array.from(whole).flatMap((byte) => splitter.push(Uint8Array.of(byte)))).toEqual([{ line: '"ä😀"' }]);
  });

  test('blank lines are skipped', () => {
    expect(new LineSplitter().push(bytes('\r\n\n  \r\n{}\n'))).toEqual([{ line: '{}' }]);
  });

  test('a chunk that the caller overwrites afterwards does not change what was held', () => {
    const splitter = new LineSplitter();
    const chunk = bytes('{"a":1}');
    splitter.push(chunk);
    chunk.fill(0x20);
    expect(splitter.push(bytes('\n'))).toEqual([{ line: '{"a":1}' }]);
  });

  test('a line of exactly the limit passes, one byte more is a fault', () => {
    expect(new LineSplitter(4).push(bytes('1234\n'))).toEqual([{ line: '1234' }]);
    expect(new LineSplitter(4).push(bytes('12345\n'))).toEqual([{ fault: { fault: 'too-large', limit: 4 } }]);
  });

  test('a stream without a line end is a fault as soon as it is over the limit', () => {
    const splitter = new LineSplitter(1000);
    const frames = Array.from({ length: 20 }, () => splitter.push(bytes('x'.repeat(100)))).flat();
    expect(frames).toEqual([{ fault: { fault: 'too-large', limit: 1000 } }]);
  });

  test('after a fault nothing more comes out', () => {
    const splitter = new LineSplitter(4);
    splitter.push(bytes('12345'));
    expect(splitter.push(bytes('\n{}\n'))).toEqual([]);
    expect(splitter.unfinished).toBe('');
  });

  test('bytes that are not UTF-8 are a fault that shows their start, after the lines before them', () => {
    const stream = Uint8Array.of(...bytes('{}\n'), 0x61, 0xff, 0xfe, 0x0a);
    expect(new LineSplitter().push(stream)).toEqual([
      { line: '{}' },
      { fault: { fault: 'not-utf8', received: 'a��' } },
    ]);
  });

  test('8 MiB in one message, byte after byte of 64 at a time, take work that grows with their number, not with its square', () => {
    const splitter = new LineSplitter();
    const piece = bytes('x'.repeat(64));
    const before = process.cpuUsage();
    for (let i = 0; i < 8 * 1024 * 16; i++) splitter.push(piece);
    expect(splitter.push(bytes('\n')).map((frame) => 'line' in frame && frame.line.length)).toEqual([8 * 1024 * 1024]);
    // of the processor's time, not of the clock's: half a second. To copy what is there at each piece takes minutes
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1e6).toBeLessThan(20);
  });

  test('any split of any valid stream gives the same messages', () => {
    const message = fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue());
    const stream = fc.array(fc.tuple(message, fc.constantFrom('\r\n', '\n', '\r\n\r\n')));
    fc.assert(
      fc.property(stream, fc.array(fc.nat(), { maxLength: 40 }), (messages, offsets) => {
        const whole = bytes(messages.map(([json, end]) => JSON.stringify(json) + end).join(''));
        const splitter = new LineSplitter();
        const frames = cut(whole, offsets).flatMap((chunk) => splitter.push(chunk));
        expect(frames).toEqual(messages.map(([json]) => ({ line: JSON.stringify(json) })));
        expect(splitter.unfinished).toBe('');
      }),
      { numRuns: runs(500) },
    );
  });

  test('any split of any bytes gives the same frames as no split', () => {
    const noise = fc.uint8Array({ maxLength: 300 }).map((raw) => raw.map((byte) => (byte % 7 === 0 ? 0x0a : byte)));
    fc.assert(
      fc.property(
        noise,
        fc.array(fc.nat(), { maxLength: 40 }),
        fc.integer({ min: 1, max: 60 }),
        (raw, offsets, limit) => {
          const splitter = new LineSplitter(limit);
          const frames = cut(raw, offsets).flatMap((chunk) => splitter.push(chunk));
          expect(frames).toEqual(new LineSplitter(limit).push(raw));
        },
      ),
      { numRuns: runs(500) },
    );
  });
});
