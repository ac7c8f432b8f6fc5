import { describe, expect, test } from 'vitest';
import { pauseAfter } from '../../../../src/agent/decide/index.js';
import {
  attemptKeyOf,
  decideShares,
  type RunningShare,
  type ShareAttempt,
  type SharesSeen,
} from '../../../../src/agent/shares/decide-shares.js';
import type { WishedShare } from '../../../../src/agent/shares/index.js';
import { finding } from '../../../../src/diag/index.js';

const TIME = 1_000_000;
const REASON = [finding('share-ended', { vm: 'a', reason: 'eof' })];

const wish = (more: Partial<WishedShare> = {}): WishedShare => ({
  ...{ vm: 'a', listen: '/l/a', socket: '/q/a', file: '1:1', stamp: 'first', isOnlyMonitor: true },
  ...more,
});
const run = (is: RunningShare['is'], more: Partial<RunningShare> = {}): RunningShare => ({
  ...{ vm: 'a', listen: '/l/a', socket: '/q/a', file: '1:1', is },
  ...more,
});
const failed = (of: WishedShare, next: number): SharesSeen['attempts'] =>
  new Map<string, ShareAttempt>([['a', { key: attemptKeyOf(of), failures: 1, next, reason: REASON }]]);

function seen(more: Partial<SharesSeen>): SharesSeen {
  return { wished: [], running: [], attempts: new Map(), busy: new Set(), time: TIME, ...more };
}

/** What is to be done, and what is said, in short. */
function told(more: Partial<SharesSeen>): string[] {
  const { start, end, accounts } = decideShares(seen(more));
  return [
    ...start.map(({ vm }) => `start ${vm}`),
    ...end.map((vm) => `end ${vm}`),
    ...accounts.map(({ vm, listen, condition }) => `${vm} ${listen} ${condition.is}`),
  ];
}

const gone = { file: undefined, stamp: undefined };
const busy = new Set(['a']);

describe('what a situation leads to', () => {
  test.each<[string, Partial<SharesSeen>, string[]]>([
    ['nothing is wished', {}, []],
    ['a wish, and its socket is there', { wished: [wish()] }, ['start a', 'a /l/a starting']],
    ['a wish, and its socket is not there yet', { wished: [wish(gone)] }, ['a /l/a absent']],
    ['a wish for a VM that does not run', { wished: [wish({ socket: undefined, ...gone })] }, ['a /l/a absent']],
    ['a share that starts', { wished: [wish()], running: [run('starting')] }, ['a /l/a starting']],
    ['a share that serves', { wished: [wish()], running: [run('up')] }, ['a /l/a up']],
    [
      'a share whose socket somebody removed: its QEMU is still there',
      { wished: [wish(gone)], running: [run('up')] },
      ['a /l/a up'],
    ],
    [
      'a share whose VM ends, which ends it',
      { wished: [wish({ socket: undefined, ...gone })], running: [run('up')] },
      ['a /l/a up'],
    ],
    ['a share that is wished no longer', { running: [run('up')] }, ['end a', 'a /l/a ending']],
    ['a start that is wished no longer', { running: [run('starting')] }, ['end a', 'a /l/a ending']],
    [
      'a share that is wished elsewhere: the old one ends first',
      { wished: [wish({ listen: '/l/b' })], running: [run('up')] },
      ['end a', 'a /l/a ending'],
    ],
    [
      'a share whose VM has another socket now',
      { wished: [wish({ socket: '/q/b' })], running: [run('up')] },
      ['end a', 'a /l/a ending'],
    ],
    [
      'a share in whose socket’s place another QEMU listens',
      { wished: [wish({ file: '1:2' })], running: [run('up')] },
      ['end a', 'a /l/a ending'],
    ],
    ['a share that is ending already', { wished: [wish()], running: [run('ending')] }, ['a /l/a ending']],
    [
      'two VMs, each for itself',
      { wished: [wish(), wish({ vm: 'b', listen: '/l/b' })], running: [run('up', { vm: 'b', listen: '/l/b' })] },
      ['start a', 'b /l/b up', 'a /l/a starting'],
    ],
    ['the agent is changing the VM', { wished: [wish()], busy }, ['a /l/a busy']],
    [
      'the agent is changing the VM, by another socket',
      { wished: [wish({ isOnlyMonitor: false })], busy },
      ['start a', 'a /l/a starting'],
    ],
    ['a share is to end while the agent works through it', { running: [run('up')], busy }, ['a /l/a up']],
    ['a start is to end while the agent works', { running: [run('starting')], busy }, ['end a', 'a /l/a ending']],
  ])('%s', (_, more, expected) => {
    expect(told(more)).toEqual(expected);
  });
});

describe('a try that failed', () => {
  test('is followed by a pause, with its reason, and then by the next one', () => {
    const attempts = failed(wish(), TIME + 500);
    const { accounts, next, start } = decideShares(seen({ wished: [wish()], attempts }));
    expect([start, next]).toEqual([[], TIME + 500]);
    expect(accounts).toEqual([
      { vm: 'a', listen: '/l/a', condition: { is: 'waiting', reason: REASON, next: TIME + 500 } },
    ]);
    expect(told({ wished: [wish()], attempts, time: TIME + 500 })).toEqual(['start a', 'a /l/a starting']);
  });

  test.each([
    ['a socket that was made again', { stamp: 'second' }],
    ['a socket at another path', { socket: '/q/b' }],
    ['another place to listen', { listen: '/l/b' }],
  ])('counts for nothing with %s', (_, more) => {
    expect(told({ wished: [wish(more)], attempts: failed(wish(), TIME + 500) })[0]).toBe('start a');
  });

  test('is followed by pauses of 1, 2, 4 … 60 s', () => {
    expect([1, 2, 3, 6, 7, 8, 100].map(pauseAfter)).toEqual([1000, 2000, 4000, 32_000, 60_000, 60_000, 60_000]);
  });
});

test('only a try that is due asks for a look at its time', () => {
  expect(decideShares(seen({ wished: [wish(gone)], running: [] })).next).toBeUndefined();
  const other = wish({ vm: 'b', listen: '/l/b' });
  const attempts = new Map([
    ...failed(wish(), TIME + 4000),
    ['b', { key: attemptKeyOf(other), failures: 1, next: TIME + 1000, reason: [] }] as const,
  ]);
  expect(decideShares(seen({ wished: [wish(), other], attempts })).next).toBe(TIME + 1000);
});
