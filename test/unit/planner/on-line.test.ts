import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DeviceRequest, plan } from '../../../src/planner/index.js';
import type { Topology } from '../../../src/qdev/index.js';
import { type Arrival, kindsOf, live, lives, masksOf, moments, mostNative, topologies } from './arrivals.js';
import { faults } from './checks.js';
import { device, request, vm, xhci } from './layouts.js';
import { random } from './random.js';

const reserves = fc.constantFrom(1, 2, 3, 4, 8, 99);

/** Fast ones in the VM at once. */
const fastIn = (devices: readonly DeviceRequest[]): number => devices.length - kindsOf(devices).slow;

const allFit = (start: Topology, devices: readonly DeviceRequest[]): boolean =>
  mostNative(masksOf(start), kindsOf(devices)) === devices.length;

/** A reserve, and a life in which no more fast devices than that are there at once. */
const within = (departures: boolean): fc.Arbitrary<{ reserve: number; arrivals: Arrival[] }> =>
  reserves.chain((reserve) => fc.record({ reserve: fc.constant(reserve), arrivals: lives(reserve, departures) }));

describe('all at once', () => {
  it('as many devices have native ports as counting allows', () => {
    fc.assert(
      fc.property(topologies, lives(99, false), (start, arrivals) => {
        const devices = moments(arrivals).at(-1) ?? [];
        const { placements } = plan(request(start, devices));
        expect(placements).toHaveLength(mostNative(masksOf(start), kindsOf(devices)));
      }),
      random(1000, 2),
    );
  });
});

describe('one at a time, as docs/planner.md promises', () => {
  it('1: all fit at once, and the fast ones are no more than the reserve: each has a native port, in any order', () => {
    fc.assert(
      fc.property(topologies, within(false), (start, { reserve, arrivals }) => {
        fc.pre(allFit(start, moments(arrivals).at(-1) ?? []));
        expect(live(start, arrivals, reserve).refused).toEqual([]);
      }),
      random(2000, 4),
    );
  });

  it('1: all fit at once, and the reserve is no less than the fast ports: each has a native port, in any order', () => {
    fc.assert(
      fc.property(topologies, lives(99, false), (start, arrivals) => {
        fc.pre(allFit(start, moments(arrivals).at(-1) ?? []));
        const fastPorts = masksOf(start).filter((mask) => (mask & 12) !== 0).length;
        expect(live(start, arrivals, Math.max(1, fastPorts)).refused).toEqual([]);
      }),
      random(2000, 4),
    );
  });

  it('2: with departures, where there are ports enough of each fast kind: each has a native port', () => {
    fc.assert(
      fc.property(topologies, within(true), (start, { reserve, arrivals }) => {
        const seen = moments(arrivals);
        const masks = masksOf(start);
        const most = Math.max(...seen.map(fastIn));
        const slow = seen.some((devices) => kindsOf(devices).slow > 0);
        const needed = most + (slow && !masks.includes(3) ? 1 : 0);
        const enough = (bit: number): boolean => masks.filter((mask) => (mask & bit) !== 0).length >= needed;
        fc.pre(seen.every((devices) => allFit(start, devices)));
        fc.pre(seen.every((devices) => kindsOf(devices).high === 0) || enough(4));
        fc.pre(seen.every((devices) => kindsOf(devices).super === 0) || enough(8));
        expect(live(start, arrivals, reserve).refused).toEqual([]);
      }),
      random(2000, 4),
    );
  });

  it('3: more fast devices than the reserve, all fit at once: as many fast ones as the reserve have native ports', () => {
    fc.assert(
      fc.property(topologies, reserves, lives(99, false), (start, reserve, arrivals) => {
        const devices = moments(arrivals).at(-1) ?? [];
        fc.pre(allFit(start, devices));
        expect(fastIn(live(start, arrivals, reserve).present)).toBeGreaterThanOrEqual(
          Math.min(fastIn(devices), reserve),
        );
      }),
      random(2000, 4),
    );
  });

  it('any life: every step is sound, what is attached stays, and no more is had than all at once', () => {
    fc.assert(
      fc.property(topologies, reserves, lives(99, true), (start, reserve, arrivals) => {
        const { steps, present } = live(start, arrivals, reserve);
        for (const { asked, made } of steps) {
          expect(faults(asked, made)).toEqual([]);
          asked.topology.controllers.forEach(({ devices: before }, i) => {
            expect(made.after.controllers[i]?.devices.slice(0, before.length)).toEqual(before);
          });
        }
        expect(present.length).toBeLessThanOrEqual(mostNative(masksOf(start), kindsOf(moments(arrivals).at(-1) ?? [])));
      }),
      random(300),
    );
  });
});

describe('what it cannot promise', () => {
  const come = (key: string, native: DeviceRequest['native']): Arrival => ({ come: device(key, native, { id: key }) });

  it('a hub that stays when its last device leaves keeps a port that a fast device would have had', () => {
    const start = vm(xhci('x', 2));
    const arrivals = [come('keyboard', 'full'), { go: 'keyboard' }, come('one', 'super'), come('two', 'super')];
    expect(live(start, arrivals, 4).refused).toEqual(['two']);
  });

  it('it is used again: the next slow device goes behind it, and nothing more is added', () => {
    const start = vm(xhci('x', 2));
    const arrivals = [come('keyboard', 'full'), { go: 'keyboard' }, come('mouse', 'low'), come('one', 'super')];
    const { steps, refused } = live(start, arrivals, 4);
    expect(refused).toEqual([]);
    expect(steps.map(({ made }) => made.hubs.length)).toEqual([1, 0, 0]);
  });

  it('a high-speed device stays where SuperSpeed is wanted, though its own kind of port has become free', () => {
    const start = vm(xhci('x', 2, 1));
    const arrivals = [come('one', 'high'), come('two', 'high'), { go: 'one' }, come('disk', 'super')];
    expect(live(start, arrivals, 99).refused).toEqual(['disk']);
  });

  it('fast devices that come first take the port that a hub could have had', () => {
    const start = vm(xhci('x', 2));
    const arrivals = [come('one', 'high'), come('two', 'super'), come('k', 'full'), come('m', 'low')];
    expect(live(start, arrivals, 4).refused).toEqual(['k', 'm']);
  });

  it('more fast devices than the reserve: slow ones that came first keep the ports beyond it', () => {
    const slow = Array.from({ length: 6 }, (_, i) => come(`slow${i}`, 'full'));
    const fast = Array.from({ length: 7 }, (_, i) => come(`fast${i}`, 'super'));
    const refusedWith = (reserve: number): number => live(vm(xhci('x', 8)), [...slow, ...fast], reserve).refused.length;
    expect([0, 2, 4, 7].map(refusedWith)).toEqual([5, 5, 3, 0]);
  });
});
