import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type PlanRequest, plan, planFindings } from '../../../src/planner/index.js';
import { withHub } from '../../../src/qdev/index.js';
import { faults } from './checks.js';
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
