import { describe, expect, test } from 'vitest';
import { keyOf } from '../../../../src/access/index.js';
import {
  type Attempts,
  addressOf,
  attemptKey,
  type Condition,
  type DeviceAccount,
  decide,
  identityOf,
  type Sight,
  seenKey,
  twinsAmong,
  withTry,
} from '../../../../src/agent/decide/index.js';
import { selfIdentity } from '../../../../src/base/index.js';
import { finding } from '../../../../src/diag/index.js';
import { labelOf } from '../../../../src/host/index.js';
import { inventoryOf, recording, without } from '../../host/recordings.js';
import {
  ago,
  claimOf,
  deviceAt,
  lostOf,
  ownerNamed,
  replugged,
  SIX,
  sightOf,
  TIME,
  vmNamed,
  wishFor,
} from '../sights.js';
import { World } from './world.js';

/** 1-2, 4-1 and 4-2 have the ids 0627:0001, each with a serial number of its own; 2-1 and 3-1 have 46f4:0001; 1-4 is alone with its ids. */
const here = inventoryOf(SIX);
const gone = inventoryOf(without(SIX, '1-2'));
const again = inventoryOf(replugged(SIX, '1-2', { address: 9 }));
const changed = inventoryOf(replugged(SIX, '1-2', { address: 9, product: 0x9201, serial: 'OTHER' }));
const settling = inventoryOf(replugged(SIX, '1-2', { address: 9, configured: false }));
const [WAS] = [deviceAt(here, '1-2')];
const KEY = keyOf(WAS, here);
const NONE: Attempts = new Map();
const REASON = [finding('agent-lost', { socket: '/s' })];

/** What is to be done, and what is said, in short. */
function told(sight: Sight, attempts: Attempts = NONE): string[] {
  const { work, accounts } = decide(sight, attempts);
  return [
    ...work.map((one) =>
      one.do === 'check'
        ? `${one.vm} check`
        : `${one.vm} ${one.do} ${one.do === 'attach' ? one.device.port : one.claim.port}`,
    ),
    ...accounts.map(({ vm, condition }) => `${vm} ${condition.is}${'to' in condition ? ` to ${condition.to}` : ''}`),
  ];
}

/** @returns attempts of the VM a at the connector of 1-2, each at its time */
function tried(
  tries: readonly { readonly is: 'attached' | 'failed'; readonly at: number; readonly address: string }[],
): Attempts {
  return tries.reduce<Attempts>(
    (attempts, { is, at, address }) =>
      withTry(
        attempts,
        { key: attemptKey('a', KEY.connector), address, time: at },
        is === 'attached' ? { is, findings: [] } : { is, reason: REASON },
      ),
    NONE,
  );
}

const a = (more: Parameters<typeof vmNamed>[1] = {}) => vmNamed('a', more);
const b = (more: Parameters<typeof vmNamed>[1] = {}) => vmNamed('b', more);
const had = claimOf('a', here, '1-2');

describe('what a situation leads to', () => {
  test.each<[string, Sight, string[]]>([
    ['nothing is wished and nothing was had', sightOf(here, [a()]), []],
    ['a device that a VM has', sightOf(here, [a({ claims: [had] })]), ['a attached']],
    [
      'a claim that a process is working on',
      sightOf(gone, [a({ claims: [{ ...had, worker: selfIdentity() }] })]),
      ['a changing'],
    ],
    [
      'a device that a VM with a monitor of its own has, and whose QEMU was not asked for long',
      sightOf(here, [a({ claims: [had], isOwn: true }), b({ isOwn: true, checked: TIME - 90_000 })]),
      ['a check', 'a attached'],
    ],
    [
      'a VM with a monitor of its own, whose QEMU was never asked',
      sightOf(here, [a({ isOwn: true }), b()]),
      ['a check'],
    ],
    [
      'the same, asked before',
      sightOf(here, [a({ claims: [had], isOwn: true, checked: TIME - 39_000 })]),
      ['a attached'],
    ],
    [
      'the same, asked longer ago',
      sightOf(here, [a({ claims: [had], isOwn: true, checked: TIME - 41_000 })]),
      ['a check', 'a attached'],
    ],
    ['the same, while it is changed', sightOf(here, [a({ claims: [had], isOwn: true, isBusy: true })]), ['a attached']],
    [
      'the same, while it leaves',
      sightOf(here, [a({ claims: [had], isOwn: true, state: 'leaving' })]),
      ['a free 1-2', 'a changing'],
    ],
    [
      'the same, while another device is due',
      sightOf(here, [a({ claims: [had], isOwn: true, wishes: [wishFor('a', '1-4')] })]),
      ['a attach 1-4', 'a attached', 'a due'],
    ],
    ['a device that vanished', sightOf(gone, [a({ claims: [had] })]), ['a free 1-2', 'a lost']],
    ['a device that vanished, while its VM is busy', sightOf(gone, [a({ claims: [had], isBusy: true })]), ['a lost']],
    ['a device that was replugged', sightOf(again, [a({ claims: [had] })]), ['a attach 1-2', 'a due']],
    [
      'a device that QEMU lost at the same address',
      sightOf(here, [a({ claims: [{ ...had, state: 'failed' }] })]),
      ['a attach 1-2', 'a due'],
    ],
    [
      'a device of a claim from an older release, which knows no address',
      sightOf(again, [a({ claims: [{ ...had, address: undefined }] })]),
      ['a attached'],
    ],
    ['a lost device that is not there', sightOf(gone, [a({ lost: [lostOf('a', here, '1-2')] })]), ['a lost']],
    [
      'a lost device that came back',
      sightOf(again, [a({ lost: [lostOf('a', here, '1-2')] })]),
      ['a attach 1-2', 'a due'],
    ],
    [
      'a lost device that came back after the hold of its connector',
      sightOf(again, [a({ lost: [lostOf('a', here, '1-2', { since: ago(3_600_000) })] })]),
      ['a attach 1-2', 'a due'],
    ],
    [
      'a lost device that came back, while its VM is busy',
      sightOf(again, [a({ lost: [lostOf('a', here, '1-2')], isBusy: true })]),
      ['a due'],
    ],
    ['a wish whose device is there', sightOf(here, [a({ wishes: [wishFor('a', '1-2')] })]), ['a attach 1-2', 'a due']],
    ['a wish whose device is absent', sightOf(gone, [a({ wishes: [wishFor('a', '1-2')] })]), ['a absent']],
    ['a wish that several devices match', sightOf(here, [a({ wishes: [wishFor('a', '0627:0001')] })]), ['a ambiguous']],
    [
      'a wish that several devices match, of which the VM has one',
      sightOf(here, [a({ claims: [had], wishes: [wishFor('a', '0627:0001')] })]),
      ['a attached'],
    ],
    [
      'a wish that several devices match, of which others have all but one',
      sightOf(here, [a({ wishes: [wishFor('a', '46f4:0001')] }), b({ claims: [claimOf('b', here, '2-1')] })]),
      ['a attach 3-1', 'b attached', 'a due'],
    ],
    [
      'a wish for the device of another VM',
      sightOf(here, [a({ wishes: [wishFor('a', '1-2')] }), b({ claims: [claimOf('b', here, '1-2')] })]),
      ['b attached', 'a yields to b'],
    ],
    [
      'a wish for the device of a VM that nobody knows',
      sightOf(here, [a({ wishes: [wishFor('a', '1-2')] })], { foreign: [claimOf('far', here, '1-2')] }),
      ['a yields to far'],
    ],
    [
      'a wish for a device that another VM is losing',
      sightOf(again, [a({ wishes: [wishFor('a', '1-2')] }), b({ claims: [claimOf('b', here, '1-2')] })]),
      ['b attach 1-2', 'b due', 'a yields to b'],
    ],
    [
      'a wish for a device that a person detached from it',
      sightOf(here, [a({ wishes: [wishFor('a', '1-2')], dismissed: [KEY] })]),
      ['a detached'],
    ],
    [
      'a lost device that a person detached from it, and that another VM wishes for',
      sightOf(here, [a({ lost: [lostOf('a', here, '1-2')], dismissed: [KEY] }), b({ wishes: [wishFor('b', '1-2')] })]),
      ['b attach 1-2', 'a detached', 'b due'],
    ],
    [
      'two wishes of one VM for one device',
      sightOf(here, [a({ wishes: [wishFor('a', '1-2'), wishFor('a', '1-4'), wishFor('a', '08e6:4433')] })]),
      ['a attach 1-2', 'a attach 1-4', 'a due', 'a due'],
    ],
    ['a VM that is suspended', sightOf(here, [a({ state: 'held', wishes: [wishFor('a', '1-2')] })]), []],
    [
      'a suspended VM, and another one that wishes for its device',
      sightOf(here, [a({ state: 'held', lost: [lostOf('a', here, '1-2')] }), b({ wishes: [wishFor('b', '1-2')] })]),
      ['b attach 1-2', 'b due'],
    ],
    [
      'a VM whose devices are to leave',
      sightOf(here, [
        a({
          state: 'leaving',
          claims: [had, claimOf('a', here, '1-4', { worker: selfIdentity() })],
          lost: [lostOf('a', here, '2-1')],
          wishes: [wishFor('a', '4-1')],
        }),
      ]),
      ['a free 1-2', 'a changing', 'a changing', 'a lost'],
    ],
    [
      'a VM whose devices are to leave, with a record of one that it has again',
      sightOf(here, [a({ state: 'leaving', claims: [had], lost: [lostOf('a', here, '1-2')] })]),
      ['a free 1-2', 'a changing'],
    ],
    [
      'a busy VM whose devices are to leave',
      sightOf(here, [a({ state: 'leaving', claims: [had], isBusy: true })]),
      ['a changing'],
    ],
    [
      'a device that the kernel has not configured',
      sightOf(settling, [a({ wishes: [wishFor('a', '1-2')] })]),
      ['a settling'],
    ],
  ])('%s', (_, sight, expected) => {
    expect(told(sight)).toEqual(expected);
    expect(decide(sight, NONE)).toEqual(decide(sight, NONE));
  });
});

describe('an account', () => {
  const only = (sight: Sight, attempts: Attempts = NONE): DeviceAccount => {
    const { accounts } = decide(sight, attempts);
    expect(accounts).toHaveLength(1);
    return accounts[0] as DeviceAccount;
  };

  test('of a wish without a device names the wish, and its selector', () => {
    const wish = wishFor('a', '1-2');
    expect(only(sightOf(gone, [a({ wishes: [wish] })]))).toEqual({
      vm: 'a',
      subject: wish.name,
      label: '1-2',
      wish: wish.name,
      device: undefined,
      condition: { is: 'absent' },
    });
  });

  test('has the same subject from the claim to the return', () => {
    const sights = [
      sightOf(here, [a({ claims: [had] })]),
      sightOf(gone, [a({ claims: [had] })]),
      sightOf(gone, [a({ lost: [lostOf('a', here, '1-2')] })]),
      sightOf(again, [a({ lost: [lostOf('a', here, '1-2')] })]),
      sightOf(again, [a({ claims: [claimOf('a', again, '1-2')] })]),
    ];
    expect(new Set(sights.map((sight) => only(sight).subject)).size).toBe(1);
  });

  test('of an ambiguous wish names the devices that nobody has', () => {
    const sight = sightOf(here, [
      a({ wishes: [wishFor('a', '0627:0001')] }),
      b({ claims: [claimOf('b', here, '4-1')] }),
    ]);
    const { accounts } = decide(sight, NONE);
    const labels = [labelOf(WAS), labelOf(deviceAt(here, '4-2'))];
    expect(accounts.map(({ condition }) => condition)).toContainEqual({ is: 'ambiguous', labels });
  });
});

describe('which of two VMs gets a device', () => {
  const lost = lostOf('a', here, '1-2');
  const other = lostOf('a', changed, '1-2');
  const serial = `serial=${WAS.serial}`;
  test.each([
    ['the one that had it, before a better and older wish', [{ lost: [lost] }, { wishes: [wishFor('b', serial)] }]],
    ['the one whose object of it is dead, before a wish', [{ claims: [had] }, { wishes: [wishFor('b', serial)] }]],
    [
      'the one that had it, before one that holds its connector',
      [{ lost: [lost] }, { lost: [{ ...other, owner: ownerNamed('b') }] }],
    ],
    ['the one that holds its connector, before a wish', [{ lost: [other] }, { wishes: [wishFor('b', serial)] }]],
    [
      'a more specific selector, before an older wish',
      [{ wishes: [wishFor('a', serial)] }, { wishes: [wishFor('b', '1-2', { made: ago(9e9) })] }],
    ],
    [
      'the older of two equal wishes',
      [{ wishes: [wishFor('a', '1-2', { made: ago(2000) })] }, { wishes: [wishFor('b', '1-2', { made: ago(1000) })] }],
    ],
    [
      'the first by name of two wishes of one moment',
      [{ wishes: [wishFor('a', '1-2')] }, { wishes: [wishFor('b', '1-2')] }],
    ],
  ] satisfies [string, [Parameters<typeof vmNamed>[1], Parameters<typeof vmNamed>[1]]][])(
    '%s',
    (_, [first, second]) => {
      for (const vms of [
        [a(first), b(second)],
        [b(second), a(first)],
      ]) {
        const { work, accounts } = decide(sightOf(again, vms), NONE);
        expect(work.map(({ vm }) => vm)).toEqual(['a']);
        expect(accounts.filter(({ vm }) => vm === 'b').map(({ condition }) => condition)).toContainEqual({
          is: 'yields',
          to: 'a',
        });
      }
    },
  );

  test('two VMs that lost it: the same one, in whatever order they are read', () => {
    const vms = [a({ lost: [lostOf('a', here, '1-2')] }), b({ lost: [lostOf('b', here, '1-2')] })];
    const [one, two] = [vms, vms.toReversed()].map((order) => decide(sightOf(again, order), NONE).work);
    expect(one).toEqual(two);
    expect(one).toHaveLength(1);
  });
});

describe('the connector of a lost device', () => {
  const sight = (more: Parameters<typeof lostOf>[3]): Sight =>
    sightOf(changed, [a({ lost: [lostOf('a', here, '1-2', more)] })]);
  test.each<[string, Parameters<typeof lostOf>[3], boolean]>([
    ['is held for a time', { hold: 30_000, since: ago(29_999) }, true],
    ['is held no longer', { hold: 30_000, since: ago(30_000) }, false],
    ['is not held when the clock was put back', { hold: 30_000, since: ago(-1) }, false],
    ['is not held without a time', { hold: 0, since: ago(0) }, false],
    ['is not held when the time of the record is none', { since: 'yesterday' }, false],
    ['is held for what the device may change to, for ever', { hold: 0, since: ago(9e9), also: ['0627:9201'] }, true],
    ['is held for one of several', { also: ['0483:df11', '0627:*'] }, true],
    ['is not held for something else', { also: ['0483:df11'] }, false],
    ['is not held for a rule that is none', { also: ['what'] }, false],
  ])('%s', (_, more, isHeld) => {
    expect(told(sight(more))).toEqual(isHeld ? ['a attach 1-2', 'a lost', 'a due'] : ['a lost']);
  });

  test('brings the new device to the place of the lost one, without the guards that were off for that', () => {
    const lost = lostOf('a', here, '1-2', { guardOff: ['pointer'] });
    const [work] = decide(sightOf(changed, [a({ lost: [lost] })]), NONE).work;
    expect(work).toMatchObject({ do: 'attach', lost, guardOff: [], wish: undefined });
    const [back] = decide(sightOf(again, [a({ lost: [lost] })]), NONE).work;
    expect(back).toMatchObject({ do: 'attach', lost, guardOff: ['pointer'] });
  });

  test('asks for nothing when its VM has the new device', () => {
    const vm = a({ claims: [claimOf('a', changed, '1-2')], lost: [lostOf('a', here, '1-2')] });
    expect(told(sightOf(changed, [vm]))).toEqual(['a attached', 'a lost']);
  });
});

describe('a lost device with a serial number', () => {
  const moved = lostOf('a', here, '1-2', { key: { ...KEY, connector: '0000:00:09.0/9-9' } });

  test('comes back at another connector', () => {
    expect(told(sightOf(here, [a({ lost: [moved] })]))).toEqual(['a attach 1-2', 'a due']);
  });

  test('asks for nothing when its VM has it at another connector', () => {
    expect(told(sightOf(here, [a({ claims: [had], lost: [moved] })]))).toEqual(['a attached']);
  });

  test('without one it comes back at its connector alone', () => {
    const key = { ...KEY, serial: '' };
    expect(told(sightOf(here, [a({ lost: [{ ...moved, key: { ...moved.key, serial: '' } }] })]))).toEqual(['a lost']);
    const bare = inventoryOf(replugged(SIX, '1-2', { serial: '' }));
    expect(told(sightOf(bare, [a({ lost: [lostOf('a', here, '1-2', { key })] })]))).toEqual(['a attach 1-2', 'a due']);
  });

  test('that several devices have comes back at its connector, and is never taken for its twins', () => {
    const twins = recording('hub-twins-gadgets');
    const all = inventoryOf(twins);
    const lost = lostOf('a', all, '1-5.3');
    expect(told(sightOf(all, [a({ lost: [lost] })]))).toEqual(['a attach 1-5.3', 'a due']);
    expect(told(sightOf(inventoryOf(without(twins, '1-5.3')), [a({ lost: [lost] })]))).toEqual(['a lost']);
  });
});

describe('twins: two devices with the same ids and the same serial number', () => {
  const pair = without(recording('hub-twins-gadgets'), '1-5.8');
  const both = inventoryOf(pair);
  const one = inventoryOf(without(pair, '1-5.3'));
  const none = inventoryOf(without(without(pair, '1-5.3'), '1-5.2'));
  const isSeen = { twins: twinsAmong(both.devices) };
  const [first, second] = [lostOf('a', both, '1-5.2'), lostOf('a', both, '1-5.3')];
  const before = { since: ago(5000) };
  const elsewhere = { ...first, key: { ...first.key, connector: '0000:00:09.0/9-9' } };

  test.each<[string, Sight, string[]]>([
    [
      'one vanishes: the VM keeps the other one, and waits for the first',
      sightOf(one, [a({ claims: [claimOf('a', both, '1-5.2', before)], lost: [second] })]),
      ['a attached', 'a lost'],
    ],
    [
      'one vanishes, and another VM has the other one: it is not asked for',
      sightOf(one, [a({ lost: [second] }), b({ claims: [claimOf('b', both, '1-5.2', before)] })]),
      ['a lost', 'b attached'],
    ],
    [
      'one vanishes, and a VM that nobody knows has the other one',
      sightOf(one, [a({ lost: [second] })], { foreign: [claimOf('far', both, '1-5.2', before)] }),
      ['a lost'],
    ],
    [
      'one vanishes, and the other one was with the host all the time: it stays there',
      sightOf(one, [a({ lost: [second] })], isSeen),
      ['a lost'],
    ],
    ['both vanish', sightOf(none, [a({ lost: [first, second] })]), ['a lost', 'a lost']],
    [
      'both vanished, and one comes back at its connector',
      sightOf(one, [a({ lost: [first, second] })]),
      ['a attach 1-5.2', 'a lost', 'a due'],
    ],
    [
      'both vanished from two VMs, and one comes back: to the VM that had this one',
      sightOf(one, [a({ lost: [second] }), b({ lost: [lostOf('b', both, '1-5.2')] })]),
      ['b attach 1-5.2', 'a lost', 'b due'],
    ],
    [
      'both come back at their connectors',
      sightOf(both, [a({ lost: [first, second] })], isSeen),
      ['a attach 1-5.2', 'a attach 1-5.3', 'a due', 'a due'],
    ],
    [
      'both vanished, and one comes at a third connector: which one it is, nobody knows',
      sightOf(one, [a({ lost: [elsewhere, second] })]),
      ['a lost', 'a lost'],
    ],
    [
      'one that is alone with its serial number comes at another connector, as a new agent sees it',
      sightOf(one, [a({ lost: [elsewhere] })]),
      ['a attach 1-5.2', 'a due'],
    ],
  ])('%s', (_, sight, expected) => {
    expect(told(sight)).toEqual(expected);
  });

  test.each([
    ['1-5.2', first],
    ['1-5.3', second],
  ])('at %s the record of that one is fulfilled, and no other', (port, lost) => {
    const { work } = decide(sightOf(both, [a({ lost: [second, first] })], isSeen), NONE);
    expect(work.find((each) => each.do === 'attach' && each.device.port === port)).toMatchObject({ lost });
  });

  test('go and come in every order: the VM has exactly those that are there', () => {
    const ports = ['1-5.2', '1-5.3'] as const;
    for (const [x, y] of [ports, ports.toReversed()] as [string, string][]) {
      for (const acts of [`-${x} +${x}`, `-${x} -${y} +${x} +${y}`, `-${x} -${y} +${y} +${x}`, `-${x} -${y} +${x}`]) {
        const world = new World();
        world.start('a');
        for (const port of ports) {
          world.plug(port);
          world.attachByHand('a', port);
        }
        world.settle();
        const there = new Set<string>(ports);
        for (const act of acts.split(' ')) {
          const port = act.slice(1);
          if (act.startsWith('-')) world.pull(port);
          else world.plug(port);
          if (act.startsWith('-')) there.delete(port);
          else there.add(port);
          world.settle();
          expect(world.has, acts).toEqual([...there].sort().map((one) => `a ${one}`));
        }
        world.checkRest();
      }
    }
  });

  test('are what is seen twice with one serial number, not what has none', () => {
    expect(twinsAmong(both.devices)).toEqual(new Set([identityOf(first.key)]));
    expect(twinsAmong(one.devices)).toEqual(new Set());
    const bare = { vendorId: 1, productId: 2, serial: '' };
    expect(twinsAmong([bare, bare])).toEqual(new Set());
  });
});

describe('a try that failed', () => {
  const failed = tried([
    { is: 'failed', at: TIME - 500, address: addressOf(deviceAt(again, '1-2'), { incarnation: 'one' }) },
  ]);
  const vm = a({ lost: [lostOf('a', here, '1-2')] });

  test('is followed by a pause, with its reason', () => {
    const { work, accounts, next } = decide(sightOf(again, [vm]), failed);
    expect(work).toEqual([]);
    expect(accounts[0]?.condition).toEqual({ is: 'waiting', reason: REASON, next: TIME + 500 });
    expect(next).toBe(TIME + 500);
  });

  test('is followed by the next one at its time', () => {
    expect(told(sightOf(again, [vm], { time: TIME + 500 }), failed)).toEqual(['a attach 1-2', 'a due']);
  });

  test.each([
    ['a new address', replugged(SIX, '1-2', { address: 10 })],
    ['new rights of its node', replugged(SIX, '1-2', { address: 9, node: 'denied' })],
  ])('is forgotten with %s', (_, source) => {
    expect(told(sightOf(inventoryOf(source), [vm]), failed)).toEqual(['a attach 1-2', 'a due']);
  });

  test('of another VM or of another connector counts for nothing', () => {
    const wishes = [wishFor('a', '1-4')];
    expect(told(sightOf(here, [a({ wishes })]), failed)).toEqual(['a attach 1-4', 'a due']);
    expect(told(sightOf(again, [b({ lost: [lostOf('b', here, '1-2')] })]), failed)).toEqual(['b attach 1-2', 'b due']);
  });

  test.each(['up', 'leaving'] as const)('to free a port is followed by a pause, too: %s', (state) => {
    const attempts = tried([{ is: 'failed', at: TIME, address: `${had.address} one` }]);
    const sight = sightOf(state === 'up' ? gone : here, [a({ claims: [had], state })]);
    expect(told(sight, attempts)).toEqual(['a waiting']);
    expect(told({ ...sight, time: TIME + 1000 }, attempts)).toContain('a free 1-2');
  });
});

describe('a connector whose contact is loose', () => {
  const address = addressOf(deviceAt(again, '1-2'), { incarnation: 'one' });
  const flaps = (...times: number[]): Attempts => tried(times.map((at) => ({ is: 'attached', at, address })));
  const sight = (time: number): Sight => sightOf(again, [a({ claims: [had] })], { time });
  const at = (time: number, attempts: Attempts): Condition | undefined =>
    decide(sight(time), attempts).accounts[0]?.condition;

  test('is quarantined after five attaches within 60 s, until 60 s after the last one', () => {
    const attempts = flaps(0, 10_000, 20_000, 30_000, 40_000);
    for (const time of [40_001, 60_000, 75_000, 99_999]) {
      expect(at(time, attempts)).toEqual({ is: 'quarantined', next: 100_000 });
      expect(decide(sight(time), attempts)).toMatchObject({ work: [], next: 100_000 });
    }
    expect(at(100_000, attempts)).toEqual({ is: 'due' });
  });

  test('is not quarantined after four, or after five in more time', () => {
    expect(at(3001, flaps(0, 1000, 2000, 3000))).toEqual({ is: 'due' });
    expect(at(60_001, flaps(0, 10_000, 20_000, 30_000, 60_000))).toEqual({ is: 'due' });
  });

  test('stays quarantined when its port is freed meanwhile', () => {
    const key = attemptKey('a', KEY.connector);
    const flapped = flaps(0, 10_000, 20_000, 30_000, 40_000);
    const attempts = withTry(flapped, { key, address: '1.9', time: 65_000 }, { is: 'freed', findings: [] });
    expect(at(70_000, attempts)).toEqual({ is: 'quarantined', next: 100_000 });
  });
});

describe('a device that the kernel has not configured', () => {
  const device = deviceAt(settling, '1-2');
  const seen = (ago: number) => ({ firstSeen: new Map([[seenKey(device), TIME - ago]]) });
  const vms = [a({ wishes: [wishFor('a', '1-2')] })];

  test('is looked at again and again, and is taken as it is when it stays so', () => {
    const { work, next } = decide(sightOf(settling, vms, seen(0)), NONE);
    expect(work).toEqual([]);
    expect(next).toBeGreaterThan(TIME);
    expect(decide(sightOf(settling, vms, seen(2999)), NONE).work).toEqual([]);
    expect(told(sightOf(settling, vms, seen(3000)))).toEqual(['a attach 1-2', 'a due']);
  });

  test('is taken at once when it is configured', () => {
    expect(told(sightOf(here, vms, seen(0)))).toEqual(['a attach 1-2', 'a due']);
  });
});

test('the work of an attach says what it is for', () => {
  const wish = wishFor('a', '1-2', { port: '3' });
  const claim = claimOf('a', here, '1-2', { guardOff: ['pointer'] });
  const [work] = decide(sightOf(again, [a({ claims: [claim], wishes: [wish] })]), NONE).work;
  const device = deviceAt(again, '1-2');
  expect(work).toEqual({
    do: 'attach',
    vm: 'a',
    device,
    attempt: attemptKey('a', KEY.connector),
    address: addressOf(device, { incarnation: 'one' }),
    wish,
    lost: undefined,
    dead: claim,
    guardOff: ['pointer'],
  });
});

test.each([
  ['0627:0001', true],
  [`0627:0001:${WAS.serial}`, true],
  [`serial=${WAS.serial}`, true],
  ['0627:0002', false],
  ['0627:0001:OTHER', false],
  ['1-2', true],
  ['1-3', false],
])('the wish of a device that vanished is known by ids and by place: %s', (select, isKnown) => {
  const wish = wishFor('a', select);
  const [work] = decide(sightOf(gone, [a({ claims: [had], wishes: [wish] })]), NONE).work;
  expect(work).toMatchObject({ do: 'free', wish: isKnown ? wish : undefined });
});
