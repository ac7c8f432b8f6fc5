import { getEventListeners } from 'node:events';
import sinon from 'sinon';
import { describe, expect, test } from 'vitest';
import { Wait } from '../../../../src/qmp/events/wait.js';

const late = (timeout: number) => new Error(`late ${timeout}`);

describe('Wait', () => {
  test('only the first end counts, and is told once', async () => {
    const onSettled = sinon.spy();
    const controller = new AbortController();
    const wait = new Wait<number>({ signal: controller.signal, timeout: 1 }, late, onSettled);
    wait.resolve(1);
    wait.reject(new Error('second'));
    controller.abort();
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await wait.promise).toBe(1);
    expect(onSettled.args).toEqual([[false]]);
  });

  test('time and signals count as giving up', async () => {
    const onSettled = sinon.spy();
    const timed = new Wait({ timeout: 1 }, late, onSettled);
    const aborted = new Wait({ signal: AbortSignal.abort('enough') }, late, onSettled);
    await expect(timed.promise).rejects.toThrow('late 1');
    await expect(aborted.promise).rejects.toBe('enough');
    expect(onSettled.args).toEqual([[true], [true]]);
  });

  test('nothing is left on a signal that outlives the wait', () => {
    const { signal } = new AbortController();
    const wait = new Wait<number>({ signal }, late, () => {});
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    wait.resolve(1);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  test.each([Infinity, 2 ** 31, 1e12])('a timeout of %d ms does not fire at once', async (timeout) => {
    const wait = new Wait<number>({ timeout }, late, () => {});
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(wait.settled).toBe(false);
    wait.resolve(1);
  });
});
