import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MinCostFlow } from '../../../src/planner/min-cost-flow.js';
import { random } from './random.js';

describe('MinCostFlow', () => {
  it('a cheap path in the way of two: it is undone and both are used', () => {
    const network = new MinCostFlow(6);
    network.arc(0, 2, 1, [0, 0, 0]);
    network.arc(0, 3, 1, [0, 0, 0]);
    const cheap = network.arc(2, 4, 1, [0, 0, 1]);
    const dear = network.arc(2, 5, 1, [0, 1, 0]);
    const only = network.arc(3, 4, 1, [1, 0, 0]);
    network.arc(4, 1, 1, [0, 0, 0]);
    network.arc(5, 1, 1, [0, 0, 0]);
    network.run(0, 1);
    expect([cheap, dear, only].map((arc) => network.flow(arc))).toEqual([0, 1, 1]);
  });

  it('no way through: nothing flows', () => {
    const network = new MinCostFlow(3);
    const arc = network.arc(0, 2, 5, [0, 0, 0]);
    network.run(0, 1);
    expect(network.flow(arc)).toBe(0);
  });

  it('any assignment of three to three: as cheap as the cheapest of all six', () => {
    const cost = fc.tuple(fc.nat(2), fc.nat(2), fc.nat(2));
    fc.assert(
      fc.property(fc.array(cost, { minLength: 9, maxLength: 9 }), (costs) => {
        const network = new MinCostFlow(8);
        const arcs = costs.map((one, i) => network.arc(2 + Math.floor(i / 3), 5 + (i % 3), 1, one));
        for (const n of [0, 1, 2]) {
          network.arc(0, 2 + n, 1, [0, 0, 0]);
          network.arc(5 + n, 1, 1, [0, 0, 0]);
        }
        network.run(0, 1);
        const weight = ([a, b, c]: readonly [number, number, number]): number => a * 10_000 + b * 100 + c;
        const total = arcs.reduce((sum, arc, i) => sum + network.flow(arc) * weight(costs[i]!), 0);
        const orders = [
          [0, 1, 2],
          [0, 2, 1],
          [1, 0, 2],
          [1, 2, 0],
          [2, 0, 1],
          [2, 1, 0],
        ];
        const best = Math.min(
          ...orders.map((order) => order.reduce((sum, to, from) => sum + weight(costs[from * 3 + to]!), 0)),
        );
        expect(arcs.reduce((sum, arc) => sum + network.flow(arc), 0)).toBe(3);
        expect(total).toBe(best);
      }),
      random(100),
    );
  });
});
