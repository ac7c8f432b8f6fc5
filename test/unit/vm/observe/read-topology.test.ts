import { describe, expect, test } from 'vitest';
import type { QueryCommand, QueryReply, Reading } from '../../../../src/qdev/index.js';
import { connectOver } from '../../../../src/qmp/connection/connect.js';
import { converse } from '../../../../src/vm/observe/read-topology.js';
import { type Answer, lyingTransport } from '../../../lying-qemu.js';
import { ADDRESS, outcome } from '../../qmp/fake-peer.js';

const never = new AbortController().signal;

/** Asks the same thing so many times in one batch. */
function* batch(count: number): Reading<readonly QueryReply[]> {
  return yield Array.from(
    { length: count },
    (_, i): QueryCommand => ({ command: 'qom-get', arguments: { path: `${i}`, property: 'x' } }),
  );
}

describe('converse', () => {
  test('a batch of any size is sent a few commands at a time, and answered in order', async () => {
    let open = 0;
    let most = 0;
    const answer: Answer = async ({ args }) => {
      await new Promise((resolve) => setImmediate(resolve));
      return { return: args['path'] };
    };
    const counted = lyingTransport(answer);
    await using qmp = await connectOver(counted, ADDRESS, {
      transcript: (direction) => {
        open += direction === 'sent' ? 1 : -1;
        most = Math.max(most, open);
      },
    });
    const replies = await converse(qmp, batch(1000), never);
    expect(replies).toEqual(Array.from({ length: 1000 }, (_, i) => ({ ok: `${i}` })));
    expect(most).toBeLessThanOrEqual(64);
  });

  test('a QEMU that sends without end is refused by the bytes that came', async () => {
    const large = 'x'.repeat(1_000_000);
    await using qmp = await connectOver(
      lyingTransport(() => ({ return: large })),
      ADDRESS,
    );
    expect(await outcome(converse(qmp, batch(200), never))).toMatchObject({
      error: { code: 'qemu-tree-too-large', findings: [{ evidence: { what: 'bytes' } }] },
    });
  });

  test('one that ends with an error asks no more', async () => {
    let asked = 0;
    const answer: Answer = ({ n }) => {
      asked++;
      return n === 10 ? { text: '{"id":ID,"error":5}' } : { return: 1 };
    };
    await using qmp = await connectOver(lyingTransport(answer), ADDRESS);
    expect(await outcome(converse(qmp, batch(5000), never))).toMatchObject({ error: { code: 'qmp-wrong-reply' } });
    expect(asked).toBeLessThan(500);
  });

  test('a signal ends it between two answers', async () => {
    const stop = new AbortController();
    const answer: Answer = ({ n }) => {
      if (n === 100) stop.abort(new Error('enough'));
      return { return: 1 };
    };
    await using qmp = await connectOver(lyingTransport(answer), ADDRESS);
    expect(await outcome(converse(qmp, batch(5000), stop.signal))).toMatchObject({ error: { message: 'enough' } });
  });
});
