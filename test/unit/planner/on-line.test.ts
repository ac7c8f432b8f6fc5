import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plan } from '../../../src/planner/index.js';
import type { ControllerSpec } from '../../../src/qdev/index.js';
import { faults, isNative, oneAtATime } from './checks.js';
import { device, ehci, HUBS, request, uhci, vm, xhci } from './layouts.js';
import { random } from './random.js';

const controller = fc.oneof(
  fc.record({ p2: fc.integer({ min: 0, max: 6 }), p3: fc.integer({ min: 0, max: 6 }) }),
  fc.constantFrom('ehci', 'uhci'),
);

const topology = fc.array(controller, { minLength: 1, maxLength: 3 }).map((list) =>
  vm(
    ...list.map((one, i): ControllerSpec => {
      if (one === 'ehci') return ehci(`c${i}`);
      return one === 'uhci' ? uhci(`c${i}`) : xhci(`c${i}`, one.p2, one.p3);
    }),
  ),
);

/** Devices in an order of arrival. */
const arrivals = (fast: number): fc.Arbitrary<ReturnType<typeof device>[]> =>
  fc
    .tuple(
      fc.array(fc.constantFrom<'high' | 'super'>('high', 'super'), { maxLength: fast }),
      fc.array(fc.constantFrom<'low' | 'full'>('low', 'full'), { maxLength: 12 }),
    )
    .chain(([fastOnes, slowOnes]) => {
      const all = [...fastOnes, ...slowOnes].map((native, i) => device(`d${i}`, native));
      return fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length });
    });

describe('devices that arrive one at a time', () => {
  it('all could have ports at once, and fast ones are no more than the reserve: in any order all get native ports', () => {
    fc.assert(
      fc.property(topology, arrivals(4), (vmThen, devices) => {
        fc.pre(plan(request(vmThen, devices)).refusals.length === 0);
        const { placements, refused } = oneAtATime(vmThen, devices, { growth: HUBS });
        expect(refused).toEqual([]);
        expect(placements.every(isNative)).toBe(true);
      }),
      random(500, 5),
    );
  });

  it('any number of devices: every step is sound, and what is attached stays', () => {
    fc.assert(
      fc.property(topology, arrivals(10), (start, devices) => {
        let now = start;
        for (const one of devices) {
          const asked = request(now, [one]);
          const made = plan(asked);
          expect(faults(asked, made)).toEqual([]);
          now.controllers.forEach(({ devices: before }, i) => {
            expect(made.after.controllers[i]?.devices.slice(0, before.length)).toEqual(before);
          });
          now = made.after;
        }
      }),
      random(100),
    );
  });
});
