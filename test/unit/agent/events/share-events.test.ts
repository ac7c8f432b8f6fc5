import { expect, test } from 'vitest';
import { shareEvents } from '../../../../src/agent/events/index.js';
import type { ShareAccount, ShareCondition } from '../../../../src/agent/index.js';
import { finding } from '../../../../src/diag/index.js';

const REASON = [finding('share-ended', { vm: 'a', reason: 'shutdown' })];
const waits = (next: number): ShareCondition => ({ is: 'waiting', reason: REASON, next });
const told = (condition: ShareCondition | undefined): ShareAccount[] =>
  condition === undefined ? [] : [{ vm: 'a', listen: '/l', condition }];

test.each<[string, ShareCondition | undefined, ShareCondition | undefined, string[]]>([
  ['is made', undefined, { is: 'starting' }, []],
  ['is there as the agent starts', undefined, { is: 'up' }, ['share-up']],
  ['comes up', { is: 'starting' }, { is: 'up' }, ['share-up']],
  ['stays up', { is: 'up' }, { is: 'up' }, []],
  ['ends, and is tried again', { is: 'up' }, waits(3000), ['share-down 1 2000']],
  ['ends, and its VM is gone', { is: 'up' }, { is: 'absent' }, ['share-down 0']],
  ['is wished no longer', { is: 'up' }, { is: 'ending' }, ['share-down 0']],
  ['was told to be ending, and has ended', { is: 'ending' }, undefined, []],
  ['is gone between two looks', { is: 'up' }, undefined, ['share-down 0']],
  ['fails once more', waits(500), waits(3000), ['share-down 1 2000']],
  ['waits as before', waits(3000), waits(3000), []],
])('a share that %s', (_, before, now, expected) => {
  const events = shareEvents(told(before), told(now), 1000);
  expect(
    events.map((one) =>
      'findings' in one
        ? [one.event, one.findings.length, ...(one.retryIn === undefined ? [] : [one.retryIn])].join(' ')
        : one.event,
    ),
  ).toEqual(expected);
  for (const one of events) expect(one).toMatchObject({ vm: 'a', listen: '/l' });
});

test('a share at another path: the old one goes first', () => {
  const [old, other] = [told({ is: 'up' }), [{ vm: 'a', listen: '/m', condition: { is: 'up' } as const }]];
  expect(shareEvents(old, other, 0).map(({ event, ...one }) => [event, 'listen' in one && one.listen])).toEqual([
    ['share-down', '/l'],
    ['share-up', '/m'],
  ]);
});
