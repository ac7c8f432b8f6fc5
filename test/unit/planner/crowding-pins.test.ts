import { describe, expect, it } from 'vitest';
import { plan } from '../../../src/planner/index.js';
import { emptyTopology, type Topology, withHub } from '../../../src/qdev/index.js';
import { faults } from './checks.js';
import { bestObjectives, objectivesOfPlan } from './exhaustive.js';
import { device, request, VERSION } from './layouts.js';

/** Controllers `c0`, `c1`, …, each with ports of these masks. */
function ports(...masks: readonly (readonly number[])[]): Topology {
  return {
    ...emptyTopology(VERSION),
    controllers: masks.map((list, i) => ({
      bus: `c${i}.0`,
      id: `c${i}`,
      model: 'qemu-xhci',
      qomPath: undefined,
      known: true,
      ports: list.map((mask, n) => ({ port: n + 1, mask })),
      devices: [],
    })),
  };
}

const atPort = (key: string): ReturnType<typeof device> => device(key, 'low', { pin: { controller: 'c0', port: '1' } });
const onController = (key: string): ReturnType<typeof device> => device(key, 'low', { pin: { controller: 'c0' } });

describe('a port too few for two slow devices, one pinned to the port and so not counted as crowding', () => {
  it.each([
    { first: 'the one pinned to the controller', devices: [onController('d0'), atPort('d1')], placed: 'd1' },
    { first: 'the one pinned to the port', devices: [atPort('d0'), onController('d1')], placed: 'd0' },
  ])('$first is first by key: the one pinned to the port has it, without a hub', ({ devices, placed }) => {
    const asked = request(ports([3]), devices, { reserve: 1 });
    const made = plan(asked);
    expect(faults(asked, made)).toEqual([]);
    expect(made.placements.map(({ key, bus, port }) => `${key} ${bus} ${port}`)).toEqual([`${placed} c0.0 1`]);
    expect(made.hubs).toEqual([]);
    expect(objectivesOfPlan(asked, made, asked.topology)).toEqual(bestObjectives(asked, asked.topology, 0, 2));
  });
});

describe('a controller short of slots', () => {
  it('two mandatory devices, one slot: the one that crowds nothing has it', () => {
    const start = ports([4, 3]);
    const topology = { ...start, controllers: start.controllers.map((one) => ({ ...one, slots: 1 })) };
    const two = [device('d0', 'high', { mandatory: true }), device('d1', 'low', { mandatory: true })];
    const asked = request(topology, two, { reserve: 1 });
    const made = plan(asked);
    expect(made.placements.map(({ key }) => key)).toEqual(['d0']);
    expect(objectivesOfPlan(asked, made, topology)).toEqual(bestObjectives(asked, topology, 0, 2));
  });

  it('no slot for a hub more: a port for slow devices is left free', () => {
    const start = withHub(ports([8, 15, 3], [3]), 'c0.0', { id: 'h', port: '3', ports: 2 });
    const [first] = start.controllers;
    const topology = { ...start, controllers: [{ ...first!, slots: 3 }] };
    const asked = request(topology, [device('d0', 'low'), device('d1', 'low')], { reserve: 2 });
    const made = plan(asked);
    expect(made.placements.map(({ port }) => port)).toEqual(['2', '3.1']);
    expect(objectivesOfPlan(asked, made, topology)).toEqual(bestObjectives(asked, topology, 0, 2));
  });
});
