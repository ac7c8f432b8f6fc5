import { describe, expect, test } from 'vitest';
import {
  type Attempts,
  attemptKey,
  FLAPPING_TIME,
  pauseAfter,
  withoutOld,
  withTry,
} from '../../../../src/agent/decide/index.js';
import { finding } from '../../../../src/diag/index.js';

const KEY = attemptKey('a', '0000:00:03.0/1-2');
const NONE: Attempts = new Map();
const REASON = [finding('agent-lost', { socket: '/s' })];
const failed = { is: 'failed', reason: REASON } as const;
const attached = { is: 'attached', findings: [] } as const;
const freed = { is: 'freed', findings: [] } as const;

const at = (time: number, address = '1.5 usable') => ({ key: KEY, address, time });

test('the pauses are 1, 2, 4 … 60 s, and never longer', () => {
  const pauses = [1, 2, 3, 4, 5, 6, 7, 8, 100, 10_000].map(pauseAfter);
  expect(pauses).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60, 60].map((seconds) => seconds * 1000));
});

describe('after a try', () => {
  test('that failed, the pause is longer each time', () => {
    let attempts = NONE;
    const nexts: (number | undefined)[] = [];
    for (const time of [0, 1000, 3000, 7000]) {
      attempts = withTry(attempts, at(time), failed);
      nexts.push(attempts.get(KEY)?.next);
    }
    expect(nexts).toEqual([1000, 3000, 7000, 15_000]);
    expect(attempts.get(KEY)).toMatchObject({ failures: 4, reason: REASON });
  });

  test('with a new address, or new rights of its node, the failures count from the first', () => {
    let attempts = withTry(withTry(NONE, at(0), failed), at(1000), failed);
    attempts = withTry(attempts, at(1500, '1.6 usable'), failed);
    expect(attempts.get(KEY)).toMatchObject({ failures: 1, next: 2500 });
    attempts = withTry(attempts, at(2500, '1.6 denied'), failed);
    expect(attempts.get(KEY)).toMatchObject({ failures: 1, next: 3500 });
  });

  test.each([attached, freed])('that succeeded, nothing is waited for: $is', (tried) => {
    const attempts = withTry(withTry(NONE, at(0), failed), at(1000), tried);
    expect(attempts.get(KEY)).toMatchObject({ failures: 0, next: undefined, reason: [] });
  });

  test('the attempts before are as they were', () => {
    const before = withTry(NONE, at(0), failed);
    const copy = new Map(before);
    withTry(before, at(1000), failed);
    expect(before).toEqual(copy);
    expect(NONE.size).toBe(0);
  });

  test('other VMs and connectors are as they were', () => {
    const other = attemptKey('b', '0000:00:03.0/1-2');
    const before = withTry(NONE, { ...at(0), key: other }, failed);
    expect(withTry(before, at(0), attached).get(other)).toBe(before.get(other));
  });

  test('only so many times are kept as show that a connector flaps', () => {
    let attempts = NONE;
    for (let time = 0; time < 1000; time++) attempts = withTry(attempts, at(time), attached);
    expect(attempts.get(KEY)?.attaches).toEqual([995, 996, 997, 998, 999]);
  });
});

describe('old attempts are forgotten', () => {
  test('when neither a pause nor a quarantine can hang on them', () => {
    const attempts = withTry(NONE, at(0), attached);
    expect(withoutOld(attempts, FLAPPING_TIME - 1)).toBe(attempts);
    expect(withoutOld(attempts, FLAPPING_TIME).size).toBe(0);
  });

  test('not during a pause, and not right after it: the next pause is to be longer', () => {
    let attempts = NONE;
    for (let times = 0; times < 10; times++) attempts = withTry(attempts, at(0), failed);
    expect(withoutOld(attempts, 60_000 + FLAPPING_TIME - 1)).toBe(attempts);
    expect(withoutOld(attempts, 60_000 + FLAPPING_TIME).size).toBe(0);
  });

  test('one by one', () => {
    const other = attemptKey('b', 'x');
    const attempts = withTry(withTry(NONE, at(0), attached), { ...at(50_000), key: other }, attached);
    expect([...withoutOld(attempts, 70_000).keys()]).toEqual([other]);
  });
});
