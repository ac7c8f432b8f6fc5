import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toWire } from '../../../../src/qmp/connection/wire.js';
import { parseLine, readMessage } from '../../../../src/qmp/protocol/message.js';
import { GREETING } from '../fake-peer.js';

describe('parseLine', () => {
  test('an object is a message, with escapes and big numbers read as JSON has them', () => {
    expect(parseLine('{"a": "\\u00e4\\ud83d\\ude00", "n": 18446744073709551615}')).toMatchObject({
      message: { a: 'ä😀', n: 2 ** 64 },
    });
  });

  test.each(['[1]', '1', 'null', '"x"', '{', 'QEMU 7.2 monitor', '{"a":}'])('%s is a fault that shows it', (line) => {
    expect(parseLine(line)).toEqual({ fault: { fault: 'not-json', received: line } });
  });

  test('a fault shows no more than the start of a long line', () => {
    expect(parseLine('x'.repeat(10_000))).toEqual({ fault: { fault: 'not-json', received: `${'x'.repeat(120)}…` } });
  });

  test('a million brackets are read or refused without overflow', () => {
    expect(parseLine(`{"a":${'['.repeat(1e6)}${']'.repeat(1e6)}}`)).toSatisfy(
      (parsed: object) => 'message' in parsed || 'fault' in parsed,
    );
  });

  test('__proto__ in a message is a member like any other', () => {
    const parsed = parseLine('{"__proto__": {"return": 1}, "id": 4}');
    expect(parsed).toMatchObject({ message: expect.anything() });
    expect(readMessage((parsed as { message: Record<string, unknown> }).message)).toEqual({ kind: 'unknown' });
  });
});

describe('readMessage', () => {
  test('the greeting is read with version, package and capabilities', () => {
    expect(readMessage(GREETING)).toEqual({
      kind: 'greeting',
      greeting: { version: { major: 7, minor: 2, micro: 22 }, package: 'test', capabilities: ['oob'] },
    });
  });

  test('a greeting of an old QEMU without package and capabilities is one too', () => {
    const old = { QMP: { version: { qemu: { major: 0, minor: 12, micro: 50 } } } };
    expect(readMessage(old)).toMatchObject({ kind: 'greeting', greeting: { package: '', capabilities: [] } });
  });

  test.each([
    [{}],
    [{ QMP: null }],
    [{ QMP: {} }],
    [{ QMP: { version: { qemu: { major: '7' } } } }],
    [{ QMP: { version: { qemu: { major: -1, minor: 0, micro: 0 } } } }],
    [{ QMP: { version: { qemu: { major: 7.5, minor: 0, micro: 0 } } } }],
    [{ QMP: { version: { qemu: { major: 1e308, minor: 0, micro: 0 } } } }],
    [{ event: 5 }],
    [{ id: 1 }],
  ])('%j is unknown', (message) => {
    expect(readMessage(message)).toEqual({ kind: 'unknown' });
  });

  test.each([
    [{ error: null, id: 1 }, '/error'],
    [{ error: { class: 'GenericError' }, id: 1 }, '/error/desc'],
  ])('%j is an answer with a mistake in it', (message, member) => {
    expect(readMessage(message)).toMatchObject({ kind: 'error', id: 1, wrong: { member } });
  });

  test('a text of millions of characters about an error is cut, and says so', () => {
    const read = readMessage({ error: { class: 'GenericError', desc: 'y'.repeat(3_000_000) } });
    expect(read).toMatchObject({ error: { desc: expect.stringMatching(/^y{65536}…$/) } });
  });

  test('an event without data and time stamp has empty ones', () => {
    expect(readMessage({ event: 'STOP' })).toEqual({
      kind: 'event',
      event: { event: 'STOP', data: {}, timestamp: { seconds: -1, microseconds: -1 } },
    });
  });

  test('a return of null is a return', () => {
    expect(readMessage({ return: null, id: 3 })).toEqual({ kind: 'return', id: 3, value: null });
  });

  test('any JSON object is sorted without an exception', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom('QMP', 'return', 'error', 'event', 'id', 'data'), fc.jsonValue()),
        (json) => {
          expect(['greeting', 'return', 'error', 'event', 'unknown']).toContain(readMessage(json).kind);
        },
      ),
    );
  });
});

describe('toWire', () => {
  test('a message is one line', () => {
    expect(toWire('x', { execute: 'x', arguments: { text: 'a\nb\u2028' } })).toMatch(/^[^\n]*\n$/);
  });

  test('whole surrogate pairs and backslashes before "ud" pass', () => {
    expect(toWire('x', { a: '😀', b: '\\ud800', c: '\\\\ud800' })).toContain('😀');
  });

  test.each([
    ['half of a surrogate pair', { a: '\ud800' }, 'surrogate'],
    ['half of one after a backslash', { a: '\\\udc00' }, 'surrogate'],
    ['a bigint', { a: 1n }, 'BigInt'],
  ])('%s is refused with the command and the problem', (_name, message, problem) => {
    expect(() => toWire('device_add', message)).toThrow(
      expect.objectContaining({
        name: 'QmpProtocolError',
        code: 'qmp-unsendable',
        kind: 'usage',
        message: expect.stringMatching(new RegExp(`device_add.*${problem}`)),
      }),
    );
  });
});
