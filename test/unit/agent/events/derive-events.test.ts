import { describe, expect, test } from 'vitest';
import { addressOf, attemptKey, decide, type Sight, withTry } from '../../../../src/agent/decide/index.js';
import { type AgentEvent, deriveEvents, type Look } from '../../../../src/agent/events/index.js';
import { type Finding, finding } from '../../../../src/diag/index.js';
import { inventoryOf, without } from '../../host/recordings.js';
import { claimOf, deviceAt, lostOf, replugged, SIX, sightOf, TIME, vmNamed, wishFor } from '../sights.js';

const here = inventoryOf(SIX);
const gone = inventoryOf(without(SIX, '1-2'));
const again = inventoryOf(replugged(SIX, '1-2', { address: 9 }));
const settling = inventoryOf(replugged(SIX, '1-2', { address: 9, configured: false }));

const look = (sight: Sight, attempts: Parameters<typeof decide>[1] = new Map()): Look => ({
  sight,
  decision: decide(sight, attempts),
});

/** The events in short. */
function between(before: Look | undefined, now: Look): string[] {
  return deriveEvents(before, now).map((one) =>
    [
      one.event,
      'vm' in one ? one.vm : one.device.port,
      ...('label' in one ? [one.label] : []),
      ...('select' in one ? [one.select] : []),
      ...('to' in one ? [one.to] : []),
    ].join(' '),
  );
}

const a = (more: Parameters<typeof vmNamed>[1] = {}) => vmNamed('a', more);
const had = claimOf('a', here, '1-2');
const lost = lostOf('a', here, '1-2');
const LABEL = had.label;

test('the first look tells what is there', () => {
  const wish = wishFor('a', '9-9');
  expect(between(undefined, look(sightOf(here, [a({ claims: [had], wishes: [wish] })])))).toEqual([
    ...here.devices.map(({ port }) => `device-seen ${port}`),
    'vm-up a',
    'wish-made a 9-9',
    `attached a ${LABEL}`,
    'absent a 9-9',
  ]);
});

test('two looks without a difference give no event', () => {
  const sights = [
    sightOf(here, [a({ claims: [had], wishes: [wishFor('a', '9-9'), wishFor('a', '0627:0001')] })]),
    sightOf(gone, [a({ lost: [lost] })]),
    sightOf(here, [a({ wishes: [wishFor('a', '1-2')] }), vmNamed('b', { claims: [claimOf('b', here, '1-2')] })]),
  ];
  for (const sight of sights) {
    expect(deriveEvents(look(sight), look({ ...sight, time: sight.time + 1000, wall: sight.wall + 1000 }))).toEqual([]);
  }
});

describe('what changes from one look to the next', () => {
  test.each<[string, Sight, Sight, string[]]>([
    [
      'a device goes',
      sightOf(here, [a({ claims: [had] })]),
      sightOf(gone, [a({ claims: [had] })]),
      ['device-gone 1-2', `lost a ${LABEL}`],
    ],
    [
      'a device comes back',
      sightOf(gone, [a({ lost: [lost] })]),
      sightOf(again, [a({ claims: [claimOf('a', again, '1-2', { label: LABEL })] })]),
      ['device-seen 1-2', `attached a ${LABEL}`],
    ],
    [
      'a device is replugged between two looks',
      sightOf(here, []),
      sightOf(again, []),
      ['device-gone 1-2', 'device-seen 1-2'],
    ],
    [
      'a device is about to be attached, which its result will tell',
      sightOf(here, [a()]),
      sightOf(here, [a({ wishes: [wishFor('a', '1-2')] })]),
      ['wish-made a 1-2'],
    ],
    [
      'a device is not configured yet',
      sightOf(gone, [a({ wishes: [wishFor('a', '1-2')] })]),
      sightOf(settling, [a({ wishes: [wishFor('a', '1-2')] })]),
      ['device-seen 1-2'],
    ],
    ['a person takes a device', sightOf(here, [a({ claims: [had] })]), sightOf(here, [a()]), [`detached a ${LABEL}`]],
    ['a VM ends', sightOf(here, [a({ claims: [had] })]), sightOf(here, []), ['vm-down a']],
    ['a VM is suspended', sightOf(here, [a({ claims: [had] })]), sightOf(here, [a({ state: 'held' })]), ['vm-held a']],
    ['a VM is resumed', sightOf(here, [a({ state: 'held' })]), sightOf(here, [a()]), ['vm-up a']],
    [
      'devices are to leave',
      sightOf(here, [a({ claims: [had] })]),
      sightOf(here, [a({ claims: [had], state: 'leaving' })]),
      ['vm-leaving a', `changing a ${LABEL}`],
    ],
    [
      'a wish ends while its device is absent',
      sightOf(gone, [a({ wishes: [wishFor('a', '1-2')] })]),
      sightOf(gone, [a()]),
      ['wish-ended a 1-2'],
    ],
    [
      'a wish yields',
      sightOf(here, [a(), vmNamed('b', { claims: [claimOf('b', here, '1-4')] })]),
      sightOf(here, [a({ wishes: [wishFor('a', '1-4')] }), vmNamed('b', { claims: [claimOf('b', here, '1-4')] })]),
      ['wish-made a 1-4', expect.stringMatching(/^yields a .* b$/)],
    ],
    [
      'a wish is ambiguous',
      sightOf(here, [a()]),
      sightOf(here, [a({ wishes: [wishFor('a', '46f4:0001')] })]),
      ['wish-made a 46f4:0001', 'ambiguous a 46f4:0001'],
    ],
  ])('%s', (_, before, now, events) => {
    expect(between(look(before), look(now))).toEqual(events);
  });
});

describe('a try that failed', () => {
  const sight = sightOf(again, [a({ lost: [lost] })]);
  const device = deviceAt(again, '1-2');
  const eventsAfter = (reason: readonly Finding[], at = TIME - 400): AgentEvent[] => {
    const key = attemptKey('a', had.key.connector);
    const address = addressOf(device, { incarnation: 'one' });
    const attempts = withTry(new Map(), { key, address, time: at }, { is: 'failed', reason });
    return deriveEvents(look(sight), look(sight, attempts));
  };

  test('is told with its reason, and with the time until the next one', () => {
    const reason = [finding('agent-lost', { socket: '/s' })];
    expect(eventsAfter(reason)).toEqual([
      { event: 'waiting', vm: 'a', label: expect.any(String), findings: reason, retryIn: 600 },
    ]);
  });

  test('is a refusal, when a rule keeps the device from its VM', () => {
    const reason = [finding('share-place-taken', { socket: '/s', there: 'new' })];
    expect(eventsAfter(reason)).toMatchObject([{ event: 'refused', findings: reason, retryIn: 600 }]);
  });

  test('without a reason is told, too', () => {
    expect(eventsAfter([])).toMatchObject([{ event: 'waiting', findings: [] }]);
  });

  test('is told again when the next try failed, and not before', () => {
    const key = attemptKey('a', had.key.connector);
    const address = addressOf(device, { incarnation: 'one' });
    const once = withTry(new Map(), { key, address, time: TIME }, { is: 'failed', reason: [] });
    const twice = withTry(once, { key, address, time: TIME + 1000 }, { is: 'failed', reason: [] });
    const at = (ms: number, attempts: typeof once): Look => look({ ...sight, time: TIME + ms }, attempts);
    expect(between(at(0, once), at(999, once))).toEqual([]);
    expect(deriveEvents(at(999, once), at(1000, twice))).toMatchObject([{ event: 'waiting', retryIn: 2000 }]);
  });
});

test('a quarantine is told once, with its time', () => {
  const key = attemptKey('a', had.key.connector);
  const attempts = [0, 1, 2, 3, 4].reduce(
    (before, at) => withTry(before, { key, address: 'x', time: TIME + at }, { is: 'attached', findings: [] }),
    new Map() as ReturnType<typeof withTry>,
  );
  const sight = sightOf(again, [a({ lost: [lost] })], { time: TIME + 4 });
  const [before, now, later] = [look(sight), look(sight, attempts), look({ ...sight, time: TIME + 500 }, attempts)];
  expect(deriveEvents(before, now)).toMatchObject([{ event: 'quarantined', vm: 'a', retryIn: 60_000 }]);
  expect(deriveEvents(now, later)).toEqual([]);
});
