import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { connectOver } from '../../src/qmp/connection/connect.js';
import { QmpError } from '../../src/qmp/index.js';
import { ADDRESS, connectedPeer, FakePeer, GREETING, outcome } from '../unit/qmp/fake-peer.js';
import { runs } from '../unit/runs.js';

/** Cuts at each offset, given in any order and with repeats. */
function cut(whole: Uint8Array, offsets: readonly number[]): Uint8Array[] {
  const sorted = [0, ...offsets.map((offset) => offset % (whole.length + 1)), whole.length].sort((a, b) => a - b);
  return sorted.slice(1).map((end, index) => whole.slice(sorted[index], end));
}

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const offsets = fc.array(fc.nat(), { maxLength: 30 });

/** Bytes from noise to almost-QMP, so that every depth of the reader is reached. */
const garbage: fc.Arbitrary<Uint8Array> = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 30 }),
      fc.string({ unit: 'binary', maxLength: 30 }).map(encode),
      fc
        .constantFrom('\n', '\r\n', '{', '}', '{"QMP":{}}\n', '(qemu) ', '{"return":{}}\n', '{"error":1}\n')
        .map(encode),
      fc.json({ maxDepth: 3 }).map((json) => encode(`${json}\n`)),
      fc
        .dictionary(fc.constantFrom('QMP', 'return', 'error', 'event', 'id'), fc.jsonValue({ maxDepth: 2 }), {
          maxKeys: 3,
        })
        .map((json) => encode(`${JSON.stringify(json)}\r\n`)),
    ),
    { maxLength: 12 },
  )
  .map((parts) => Uint8Array.from(parts.flatMap((part) => [...part])));

describe('bytes from a QMP socket', () => {
  test('any split of any valid session gives the same answers and events', async () => {
    const reply = fc.record({ kind: fc.constant('reply' as const), value: fc.jsonValue() });
    const event = fc.record({ kind: fc.constant('event' as const), name: fc.string({ unit: 'grapheme' }) });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(reply, event), { maxLength: 20 }), offsets, async (script, where) => {
        const { peer, connection } = await connectedPeer();
        const names: string[] = [];
        const stream = connection.events();
        const replies = script.filter((one) => one.kind === 'reply');
        const calls = replies.map(() => connection.executeAny('x'));
        let id = 0;
        const said = script.map((one) =>
          one.kind === 'reply' ? { return: one.value, id: ++id } : { event: one.name, data: {} },
        );
        const whole = encode(said.map((message) => `${JSON.stringify(message)}\r\n`).join(''));
        for (const chunk of cut(whole, where)) peer.sayBytes(chunk);
        peer.hangUp();
        const values = await Promise.all(calls);
        for await (const { event: name } of stream) names.push(name);
        expect(JSON.stringify(values)).toBe(JSON.stringify(replies.map(({ value }) => value)));
        expect(names).toEqual(script.filter((one) => one.kind === 'event').map(({ name }) => name));
      }),
      { numRuns: runs(300) },
    );
  });

  test('any garbage instead of a greeting is an error', async () => {
    await fc.assert(
      fc.asyncProperty(garbage, offsets, async (bytes, where) => {
        const peer = new FakePeer();
        const connecting = outcome(connectOver(peer.open, ADDRESS, { maxMessageBytes: 2000 }));
        await Promise.resolve();
        for (const chunk of cut(bytes, where)) peer.sayBytes(chunk);
        peer.hangUp();
        expect(await connecting).toMatchObject({ error: { name: 'QmpConnectError', kind: 'unreachable' } });
      }),
      { numRuns: runs(500) },
    );
  });

  test('any garbage instead of a greeting that then falls silent is an error at the deadline, or before', {
    timeout: 900_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(garbage, async (bytes) => {
        const peer = new FakePeer();
        const connecting = outcome(connectOver(peer.open, ADDRESS, { timeout: 1 }));
        await Promise.resolve();
        peer.sayBytes(bytes);
        expect(await connecting).toMatchObject({ error: { name: 'QmpConnectError' } });
        expect(peer.calls[0]).toBe('destroy');
      }),
      { numRuns: runs(200) },
    );
  });

  test('any garbage after the greeting is an error or leads to a session', async () => {
    await fc.assert(
      fc.asyncProperty(garbage, async (bytes) => {
        const peer = new FakePeer();
        const connecting = outcome(connectOver(peer.open, ADDRESS));
        await Promise.resolve();
        peer.say(GREETING);
        peer.sayBytes(bytes);
        peer.hangUp();
        expect(await connecting).toSatisfy(
          (end: { error?: unknown }) => end.error === undefined || end.error instanceof QmpError,
        );
      }),
      { numRuns: runs(300) },
    );
  });

  test('any garbage in mid-session settles every call exactly once, and the connection ends', {
    timeout: 900_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(garbage, offsets, fc.integer({ min: 1, max: 5 }), async (bytes, where, count) => {
        const { peer, connection } = await connectedPeer({ maxMessageBytes: 2000 });
        let settled = 0;
        const calls = Array.from({ length: count }, () =>
          outcome(connection.executeAny('x')).then((end) => ++settled && end),
        );
        for (const chunk of cut(bytes, where)) peer.sayBytes(chunk);
        peer.hangUp();
        for (const end of await Promise.all(calls)) {
          expect(end).toSatisfy((one: object) => 'value' in one || ('error' in one && one.error instanceof QmpError));
        }
        expect(settled).toBe(count);
        expect(await connection.closed).toMatchObject({ reason: expect.stringMatching(/^(eof|protocol|shutdown)$/) });
      }),
      { numRuns: runs(500) },
    );
  });
});
