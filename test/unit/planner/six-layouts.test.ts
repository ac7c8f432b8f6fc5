import { describe, expect, it } from 'vitest';
import { plan } from '../../../src/planner/index.js';
import { faults, isNative, oneAtATime } from './checks.js';
import { HUBS, LAYOUTS, NOTHING, request, SIX } from './layouts.js';

const orders = { 'listed order': SIX, 'reverse order': [...SIX].reverse() };
const cases = Object.entries(LAYOUTS).flatMap(([name, layout]) =>
  Object.entries(orders).map(([order, devices]) => ({ name, order, devices, ...layout })),
);
/** Where no port carries SuperSpeed. */
const noSuper = cases.filter(({ native }) => native === 5);

describe('six devices on six layouts', () => {
  it.each(cases)('$name, $order, one at a time: $native of 6 at native speed, the rest refused', (one) => {
    const { plans, placements, refused } = oneAtATime(one.topology, one.devices, { growth: HUBS });
    expect(placements).toHaveLength(one.native);
    expect(placements.every(isNative)).toBe(true);
    expect(refused).toEqual(['super-disk'].slice(0, 6 - one.native));
    expect(plans.flatMap((made) => made.controllers)).toEqual([]);
  });

  it.each(cases)('$name, $order, all at once: the same number at native speed', (one) => {
    const asked = request(one.topology, one.devices);
    const made = plan(asked);
    expect(faults(asked, made)).toEqual([]);
    expect(made.placements.filter(isNative)).toHaveLength(one.native);
  });

  it.each(noSuper)(
    '$name, $order, slower allowed for the SuperSpeed disk: it runs at 480 Mb/s, all others at native',
    (one) => {
      const devices = one.devices.map((device) => ({
        ...device,
        slower: device.key === 'super-disk' ? ('allow' as const) : device.slower,
      }));
      const { placements, refused } = oneAtATime(one.topology, devices, { growth: HUBS });
      expect(refused).toEqual([]);
      expect(placements.filter(isNative)).toHaveLength(5);
      expect(placements.find(({ key }) => key === 'super-disk')?.speed).toBe('high');
    },
  );

  it.each(noSuper)(
    '$name, $order: the refusal of the SuperSpeed disk says only-slower and how fast it would be',
    (one) => {
      const { plans } = oneAtATime(one.topology, one.devices, { growth: HUBS });
      const refusal = plans.flatMap(({ refusals }) => refusals)[0];
      expect(refusal?.reason).toBe('only-slower');
      expect(refusal?.fix).toEqual({ fix: 'allow-slower', speed: 'high' });
    },
  );

  it.each(cases)('$name, $order, a controller may be added: all six at native speed', (one) => {
    const spare = { id: 'spare', model: 'qemu-xhci', p2: 4, p3: 4, pciBus: 'pci.0' } as const;
    const { placements, plans } = oneAtATime(one.topology, one.devices, {
      growth: { hubs: true, controllers: [spare] },
    });
    expect(placements.filter(isNative)).toHaveLength(6);
    expect(plans.flatMap((made) => made.controllers)).toHaveLength(6 - one.native);
  });

  it('B without hubs: four of six, and what is refused would fit with hubs', () => {
    const made = plan(request(LAYOUTS.B.topology, SIX, { growth: NOTHING }));
    expect(made.placements).toHaveLength(4);
    expect(made.refusals.map(({ fix }) => fix.fix)).toEqual(['grow', 'grow']);
  });
});
