import { describe, expect, test } from 'vitest';
import { connectedPeer, outcome } from '../fake-peer.js';

describe('dispose', () => {
  test('leaving the scope closes the connection and rejects what is in flight', async () => {
    const { peer, connection } = await connectedPeer();
    let call: Promise<unknown> | undefined;
    {
      await using scoped = connection;
      call = outcome(scoped.execute('cont'));
    }
    expect(peer.calls).toEqual(['close']);
    expect(await call).toMatchObject({ error: { code: 'qmp-closed', reason: { reason: 'by-us' } } });
    expect(await connection.closed).toEqual({ reason: 'by-us' });
  });

  test('dispose after close resolves', async () => {
    const { connection } = await connectedPeer();
    await connection.close();
    await connection[Symbol.asyncDispose]();
    expect(await connection.closed).toEqual({ reason: 'by-us' });
  });

  test('dispose during a close waits for the same end', async () => {
    const { connection } = await connectedPeer();
    const order: string[] = [];
    const close = connection.close().then(() => order.push('close'));
    const dispose = connection[Symbol.asyncDispose]().then(() => order.push('dispose'));
    const closed = connection.closed.then(() => order.push('closed'));
    expect(order).toEqual([]);
    await Promise.all([close, dispose, closed]);
    expect(order.sort()).toEqual(['close', 'closed', 'dispose']);
  });

  test('close after QEMU went keeps the reason', async () => {
    const { peer, connection } = await connectedPeer();
    peer.hangUp();
    await connection.close();
    expect(await connection.closed).toEqual({ reason: 'eof' });
  });

  test('what the peer says during a close is ignored', async () => {
    const { peer, connection } = await connectedPeer();
    const events = connection.events();
    const close = connection.close();
    peer.say({ event: 'STOP' });
    peer.sayText('garbage\n');
    await close;
    expect(await events.next()).toEqual({ done: true, value: undefined });
    expect(await connection.closed).toEqual({ reason: 'by-us' });
  });
});
