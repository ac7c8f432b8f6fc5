import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type PlanRequest, plan, planFindings } from '../../../src/planner/index.js';
import { withHub } from '../../../src/qdev/index.js';
import { faults, oneAtATime } from './checks.js';
import { device, ehci, HUBS, request, SIX, uhci, vm, xhci } from './layouts.js';
import { random } from './random.js';

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(freeze);
  }
  return value;
}

const crowded = (): PlanRequest => {
  const topology = withHub(vm(uhci(), ehci(), xhci('x', 2)), 'uhci.0', { id: 'h', port: '2' });
  const more = [
    device('pinned', 'full', { pin: { controller: 'uhci', port: '2.3' } }),
    device('odd', 'super', { pin: { controller: 'gone' } }),
  ];
  return request(topology, [...SIX, ...more], { growth: { hubs: true, controllers: [] } });
};

describe('one request, one plan', () => {
  it('devices in any order: the same plan, verdicts and fixes included', () => {
    const asked = crowded();
    const expected = JSON.stringify(plan(asked));
    fc.assert(
      fc.property(fc.shuffledSubarray([...asked.devices], { minLength: 8, maxLength: 8 }), (devices) => {
        expect(JSON.stringify(plan({ ...asked, devices }))).toBe(expected);
      }),
      random(30),
    );
  });

  it('homes and kept ports, in any order: the same plan, and what it says', () => {
    const { devices, ...rest } = crowded();
    const ports = ['1', '2.4', '2.4', '2.1', '1.2', '9', '2', '1.1.1'];
    const asked = {
      ...rest,
      devices: devices.map((one, i) => ({ ...one, home: { bus: i % 3 === 0 ? 'x.0' : 'uhci.0', port: ports[i]! } })),
      kept: ['1', '2', '2.2', '1.3'].map((port, i) => ({ bus: 'uhci.0', port, label: `away${i}` })),
    };
    const made = plan(asked);
    expect(faults(asked, made)).toEqual([]);
    const expected = JSON.stringify([made, planFindings(made)]);
    const all = <T>(list: readonly T[]): fc.Arbitrary<T[]> =>
      fc.shuffledSubarray([...list], { minLength: list.length, maxLength: list.length });
    fc.assert(
      fc.property(all(asked.devices), all(asked.kept), (shuffled, kept) => {
        const again = plan({ ...asked, devices: shuffled, kept });
        expect(JSON.stringify([again, planFindings(again)])).toBe(expected);
      }),
      random(30),
    );
  });

  it('a plan that is remembered and made again, whole or in part, in any order: each device where it was', () => {
    const start = vm(uhci(), ehci(), xhci('x', 4));
    fc.assert(
      fc.property(fc.shuffledSubarray([...SIX], { minLength: 1 }), fc.boolean(), (some, together) => {
        const asked = request(start, SIX, { growth: { hubs: true, controllers: [] } });
        const first = plan(asked);
        const homes = new Map(first.placements.map(({ key, bus, port }) => [key, { bus, port }]));
        const back = some.map((one) => ({ ...one, home: homes.get(one.key) }));
        const away = first.placements
          .filter(({ key }) => !some.some((one) => one.key === key))
          .map(({ bus, port, label }) => ({ bus, port, label }));
        const made = together
          ? plan({ ...asked, devices: back, kept: away }).placements
          : oneAtATime(start, back, { growth: HUBS, kept: away }).placements;
        for (const { key, bus, port, home } of made)
          expect({ key, bus, port, home }).toEqual({ key, ...homes.get(key), home: undefined });
        expect(made).toHaveLength(some.length);
      }),
      random(100),
    );
  });

  it('what sits on a controller in any order: the same placements', () => {
    const asked = crowded();
    const filled = plan(asked).after;
    const turned = {
      ...filled,
      controllers: filled.controllers.map((one) => ({ ...one, devices: [...one.devices].reverse() })),
    };
    const next = [device('next', 'full'), device('fast', 'high')];
    expect(plan(request(turned, next)).placements).toEqual(plan(request(filled, next)).placements);
  });

  it('a request that is frozen through and through: it is planned, explained and not touched', () => {
    const asked = freeze(crowded());
    const made = plan(asked);
    expect(faults(asked, made)).toEqual([]);
    expect(planFindings(freeze(made)).length).toBeGreaterThan(0);
  });

  it('a plan is data: it survives JSON', () => {
    const made = plan(crowded());
    expect(JSON.parse(JSON.stringify(made.refusals))).toEqual(structuredClone(made.refusals));
  });

  it('nothing to place: an empty plan and the same topology', () => {
    const asked = request(vm(xhci('x', 4)), []);
    expect(plan(asked)).toEqual({
      placements: [],
      refusals: [],
      keptTaken: [],
      controllers: [],
      hubs: [],
      steps: [],
      after: asked.topology,
      reserved: ['1', '2', '3', '4'].map((port) => ({ bus: 'x.0', port })),
      kept: [],
    });
  });

  it('1,000 devices and 40 controllers: less than a second of processor time', () => {
    const topology = vm(
      ...Array.from(
        { length: 40 },
        (_, i) => [ehci(`c${i}`), uhci(`c${i}`), xhci(`c${i}`, 15, 8), xhci(`c${i}`, 15)][i % 4]!,
      ),
    );
    const natives = ['low', 'full', 'high', 'super'] as const;
    const devices = Array.from({ length: 1000 }, (_, i) =>
      device(`d${i}`, natives[i % 4]!, { mandatory: i % 3 === 0, slower: i % 5 === 0 ? 'allow' : 'refuse' }),
    );
    const asked = request(topology, devices, { growth: HUBS });
    const start = process.cpuUsage();
    const made = plan(asked);
    const { user } = process.cpuUsage(start);
    expect(faults(asked, made)).toEqual([]);
    expect(made.placements).toHaveLength(960);
    expect(user / 1000).toBeLessThan(1000);
  });
});
