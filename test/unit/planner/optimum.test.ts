import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DeviceRequest, type PlanRequest, plan } from '../../../src/planner/index.js';
import { DEFAULT_RESERVE } from '../../../src/planner/planner.js';
import { figuresOf } from '../../../src/planner/questions/figures.js';
import { type AttachedDevice, emptyTopology, type Topology, withController } from '../../../src/qdev/index.js';
import { faults } from './checks.js';
import { bestObjectives, compare, objectivesOfPlan } from './exhaustive.js';
import { device, VERSION, xhci } from './layouts.js';
import { random } from './random.js';

/** The masks that ports have in QEMU: UHCI and hubs, bare EHCI, with companion, SuperSpeed alone, xHCI. */
const portMask = fc.constantFrom(3, 4, 7, 8, 15);
const speed = fc.constantFrom('low', 'full', 'high', 'super');

const topology: fc.Arbitrary<Topology> = fc
  .array(
    fc.record({
      masks: fc.array(portMask, { minLength: 1, maxLength: 3 }),
      occupant: fc.option(
        fc.record({ port: fc.integer({ min: 1, max: 3 }), hubPorts: fc.constantFrom(undefined, 2) }),
        {
          freq: 3,
        },
      ),
    }),
    { minLength: 1, maxLength: 2 },
  )
  .map((controllers) => ({
    ...emptyTopology(VERSION),
    controllers: controllers.map(({ masks, occupant }, i) => ({
      bus: `c${i}.0`,
      id: `c${i}`,
      model: 'qemu-xhci',
      qomPath: undefined,
      known: true,
      ports: masks.map((mask, n) => ({ port: n + 1, mask })),
      devices:
        occupant === null || occupant.port > masks.length ? [] : [there(String(occupant.port), occupant.hubPorts)],
    })),
  }));

function there(port: string, hubPorts: number | undefined): AttachedDevice {
  return {
    id: `at${port}`,
    qomPath: undefined,
    driver: hubPorts === undefined ? 'usb-host' : 'usb-hub',
    port,
    attached: true,
    megabits: 12,
    hubPorts,
    host: undefined,
    product: undefined,
    automatic: false,
  };
}

const noPin = fc.constant(undefined);
const pin = fc.oneof(
  { arbitrary: noPin, weight: 3 },
  fc.record({ controller: fc.constantFrom('c0', 'c1.0') }),
  fc.record({ controller: fc.constantFrom('c0', 'c1'), port: fc.constantFrom('1', '2', '2.1', '1.3', '2.3.1') }),
);

function devices(pins: fc.Arbitrary<DeviceRequest['pin']>, most: number, hubs: number): fc.Arbitrary<DeviceRequest[]> {
  return fc
    .array(
      fc.record({
        native: speed,
        slower: fc.constantFrom('refuse', 'refuse', 'allow'),
        mandatory: fc.boolean(),
        noFallback: fc.boolean(),
        pin: pins,
        hub: fc.nat(99),
      }),
      { minLength: 1, maxLength: most },
    )
    .map((list) =>
      list.map(({ native, slower, mandatory, noFallback, pin: pinned, hub }, i) => {
        const whole = device(`d${i}`, native, { slower, mandatory, pin: pinned });
        if (i < 2 && hub < hubs) return { ...whole, native: 'full', mask: 2, slower: 'refuse', hubPorts: 4 } as const;
        return noFallback ? { ...whole, mask: 1 << ['low', 'full', 'high', 'super'].indexOf(native) } : whole;
      }),
    );
}

const request = (wanted: fc.Arbitrary<DeviceRequest[]>, where = topology): fc.Arbitrary<PlanRequest> =>
  fc.record({
    topology: where,
    devices: wanted,
    growth: fc.record({ hubs: fc.boolean(), controllers: fc.constant([]) }),
    reserve: fc.nat(4),
  });

const place = fc.record({
  bus: fc.constantFrom('c0.0', 'c1.0'),
  port: fc.constantFrom('1', '2', '3', '1.1', '2.1', '2.2', '1.8', '2.3.1', '1.9', '02'),
});

/** Each device was somewhere, perhaps; and some ports are kept. */
const remembered = (asked: fc.Arbitrary<PlanRequest>): fc.Arbitrary<PlanRequest> =>
  fc
    .tuple(
      asked,
      fc.array(fc.option(place, { nil: undefined, freq: 4 }), { minLength: 5, maxLength: 5 }),
      fc.array(place, { maxLength: 2 }),
    )
    .map(([all, homes, kept]) => ({
      ...all,
      devices: all.devices.map((one, i) => ({ ...one, home: homes[i] })),
      kept: kept.map((one, i) => ({ ...one, label: `away${i}` })),
    }));

/** Controllers that number few devices. */
const withSlots: fc.Arbitrary<Topology> = fc
  .tuple(topology, fc.array(fc.constantFrom(undefined, 0, 1, 2, 3, 4), { minLength: 2, maxLength: 2 }))
  .map(([all, slots]) => ({ ...all, controllers: all.controllers.map((one, i) => ({ ...one, slots: slots[i] })) }));

/** The search ends at two added hubs, so the plan may be the better one. */
function expectNoneBetter(planned: readonly number[], best: readonly number[]): void {
  expect({ planned, best, difference: Math.max(0, compare(planned, best)) }).toEqual({ planned, best, difference: 0 });
}

function expectBest(asked: PlanRequest): void {
  const made = plan(asked);
  expect(faults(asked, made)).toEqual([]);
  const planned = objectivesOfPlan(asked, made, asked.topology);
  expectNoneBetter(planned, bestObjectives(asked, asked.topology, 0, 2));
  // What an explanation says of a plan is measured from the plan once more.
  expect(compare(figuresOf(asked, made, DEFAULT_RESERVE), planned)).toBe(0);
}

/** How many of each; in all more than 5,000. */
const RUNS = 1000;

describe('the plan against an exhaustive search: no plan is better in any objective', () => {
  it.each([
    { what: 'without pins', asked: request(devices(noPin, 4, 0)) },
    { what: 'with pins', asked: request(devices(pin, 3, 0)) },
    { what: 'with hubs asked for', asked: request(devices(pin, 3, 30)) },
    { what: 'with homes and kept ports', asked: remembered(request(devices(noPin, 4, 0))) },
    {
      what: 'with homes, kept ports, pins, hubs and few slots',
      asked: remembered(request(devices(pin, 3, 30), withSlots)),
    },
  ])('$what', ({ asked }) => {
    fc.assert(fc.property(asked, expectBest), random(RUNS));
  });

  it('with controllers to add: the least number is added with which the best can be had', () => {
    const spare = [xhci('c1', 1, 0), xhci('c2', 2)];
    fc.assert(
      fc.property(remembered(request(devices(noPin, 3, 0), withSlots)), ({ growth, topology: all, ...rest }) => {
        const start = { ...all, controllers: all.controllers.slice(0, 1) };
        const asked = { ...rest, topology: start, growth: { ...growth, controllers: spare } };
        const made = plan(asked);
        const grown = [0, 1, 2].map((count) => spare.slice(0, count).reduce(withController, start));
        const bests = grown.map((one, count) => bestObjectives(asked, one, count, 1)).sort(compare);
        expect(faults(asked, made)).toEqual([]);
        expectNoneBetter(objectivesOfPlan(asked, made, grown[made.controllers.length]!), bests[0]!);
      }),
      random(RUNS),
    );
  });
});
