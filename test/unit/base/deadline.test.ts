import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { Deadline, DeadlineReached, poll } from '../../../src/base/index.js';
import { PATIENCE } from '../../patience.js';

describe('Deadline', () => {
  test('its signal fires at the deadline, with the ms that were allowed', async () => {
    using later = new Deadline(PATIENCE);
    expect([later.reached, later.remaining > 0, later.timeout]).toEqual([false, true, PATIENCE]);
    using deadline = new Deadline(20);
    if (!deadline.signal.aborted) await once(deadline.signal, 'abort');
    expect(deadline.signal.reason).toEqual(new DeadlineReached(20));
    expect([deadline.reached, deadline.remaining, deadline.timeout]).toEqual([true, 0, 20]);
  });

  test('a caller who gives up ends it with his reason, which is no deadline', () => {
    const outer = new AbortController();
    using deadline = new Deadline(PATIENCE, outer.signal);
    outer.abort('enough');
    expect([deadline.signal.reason, deadline.reached]).toEqual(['enough', false]);
  });

  test('a caller who gave up before ends it at once', () => {
    using deadline = new Deadline(PATIENCE, AbortSignal.abort('before'));
    expect(deadline.signal.reason).toBe('before');
  });

  test('when it is disposed of, what was started under it ends, and the caller is not listened to any more', () => {
    const outer = new AbortController();
    const deadline = new Deadline(PATIENCE, outer.signal);
    deadline[Symbol.dispose]();
    expect([deadline.signal.aborted, deadline.reached]).toEqual([true, false]);
    const { reason } = deadline.signal;
    outer.abort('late');
    expect(deadline.signal.reason).toBe(reason);
  });

  test.each([2 ** 31, 1e15, Number.POSITIVE_INFINITY])('a wait of %d ms does not end at once', async (timeout) => {
    const warnings: string[] = [];
    const onWarning = ({ name }: Error): void => void warnings.push(name);
    process.on('warning', onWarning);
    using deadline = new Deadline(timeout);
    await delay(20);
    process.off('warning', onWarning);
    expect([deadline.signal.aborted, warnings]).toEqual([false, []]);
    expect(deadline.remaining).toBeGreaterThan(2 ** 30);
  });

  test('dozens may listen without a warning', async () => {
    const warnings: string[] = [];
    const onWarning = ({ name }: Error): void => void warnings.push(name);
    process.on('warning', onWarning);
    using deadline = new Deadline(PATIENCE);
    for (let i = 0; i < 50; i++) deadline.signal.addEventListener('abort', () => undefined);
    await delay(5);
    process.off('warning', onWarning);
    expect(warnings).toEqual([]);
  });
});

describe('poll', () => {
  const { signal } = new AbortController();

  test('asks until there is an answer; null and 0 are answers, false is none', async () => {
    let asked = 0;
    expect(await poll(() => (++asked < 3 ? undefined : asked), { interval: 1, signal })).toBe(3);
    expect(await poll(() => null, { interval: 1, signal })).toBe(null);
    expect(await poll(async () => ++asked > 6, { interval: 1, signal })).toBe(true);
    expect(await poll(() => 0, { interval: 1, signal })).toBe(0);
  });

  test('what the question throws ends it', async () => {
    const ask = (): never => {
      throw new Error('broken');
    };
    await expect(poll(ask, { interval: 1, signal })).rejects.toThrow('broken');
  });

  test('a signal ends it with its reason: before, between and while it asks', async () => {
    const reason = new Error('enough');
    let asked = 0;
    const count = (): undefined => void asked++;
    await expect(poll(count, { interval: 1, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(asked).toBe(0);
    const between = new AbortController();
    setTimeout(() => between.abort(reason), 20);
    await expect(poll(count, { interval: 10_000, signal: between.signal })).rejects.toBe(reason);
    const during = new AbortController();
    await expect(poll(() => void during.abort(reason), { interval: 1, signal: during.signal })).rejects.toBe(reason);
  });

  test('a deadline that has passed is told from an answer that came in time', async () => {
    using deadline = new Deadline(30);
    await expect(poll(() => undefined, { interval: 5, signal: deadline.signal })).rejects.toBeInstanceOf(
      DeadlineReached,
    );
  });
});
