import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Cost, MinCostFlow } from '../../../../src/planner/solve/min-cost-flow.js';
import { random } from '../random.js';

const FREE: Cost = [0, 0, 0];

/** Devices that want one of three ports each, or nothing, which is dear. */
function assignment(
  costs: readonly Cost[],
  devices: number,
): { network: MinCostFlow; arcs: number[]; ports: number[]; nodes: number[] } {
  const network = new MinCostFlow();
  const sink = network.node();
  const portNodes = [0, 1, 2].map(() => network.node());
  const ports = portNodes.map((node) => network.arc(node, sink, FREE));
  const nodes: number[] = [];
  const arcs: number[] = [];
  const nowhere: number[] = [];
  for (let i = 0; i < devices; i++) {
    const node = network.node();
    nodes.push(node);
    for (const [n, port] of portNodes.entries()) arcs.push(network.arc(node, port, costs[i * 3 + n]!));
    nowhere.push(network.arc(node, sink, [9, 0, 0]));
  }
  network.ready();
  for (const arc of [...arcs, ...nowhere]) network.open(arc, devices);
  return { network, arcs: [...arcs, ...nowhere], ports, nodes };
}

const weight = ([a, b, c]: Cost): number => a * 10_000 + b * 100 + c;

/** The cheapest way to give ports that may be used so often, found by trying all. */
function cheapest(costs: readonly Cost[], devices: number, rooms: readonly number[], from = 0): number {
  if (from === devices) return 0;
  const nowhere = 90_000 + cheapest(costs, devices, rooms, from + 1);
  const somewhere = rooms.flatMap((room, port) =>
    room === 0
      ? []
      : [weight(costs[from * 3 + port]!) + cheapest(costs, devices, rooms.with(port, room - 1), from + 1)],
  );
  return Math.min(nowhere, ...somewhere);
}

describe('MinCostFlow', () => {
  it('a cheap path in the way of two: it is undone and both are used', () => {
    const network = new MinCostFlow();
    const [sink, near, far] = [network.node(), network.node(), network.node()];
    const ends = [network.arc(near, sink, FREE), network.arc(far, sink, FREE)];
    const [both, one] = [network.node(), network.node()];
    const cheap = network.arc(both, near, [0, 0, 1]);
    const dear = network.arc(both, far, [0, 1, 0]);
    const only = network.arc(one, near, [1, 0, 0]);
    network.ready();
    for (const arc of [...ends, cheap, dear, only]) network.open(arc, 1);
    expect(network.send(both, sink, 1)).toBe(0);
    expect(network.flow(cheap)).toBe(1);
    expect(network.send(one, sink, 1)).toBe(0);
    expect([cheap, dear, only].map((arc) => network.flow(arc))).toEqual([0, 1, 1]);
  });

  it('no way through: nothing flows, and it is told', () => {
    const network = new MinCostFlow();
    const [sink, start] = [network.node(), network.node()];
    const arc = network.arc(start, sink, FREE);
    network.ready();
    expect(network.send(start, sink, 5)).toBe(5);
    expect(network.flow(arc)).toBe(0);
  });

  it('capacities that grow and shrink: after each change as cheap as the cheapest of all ways', () => {
    const cost = fc.tuple(fc.nat(2), fc.nat(2), fc.nat(2));
    const change = fc.record({ port: fc.nat(2), by: fc.integer({ min: 1, max: 2 }), widen: fc.boolean() });
    fc.assert(
      fc.property(
        fc.array(cost, { minLength: 12, maxLength: 12 }),
        fc.array(fc.nat(2), { minLength: 3, maxLength: 3 }),
        fc.array(change, { maxLength: 6 }),
        (costs, start, changes) => {
          const { network, arcs, ports, nodes } = assignment(costs, 4);
          const rooms = [...start];
          for (const [port, arc] of ports.entries()) network.open(arc, rooms[port]!);
          for (const node of nodes) expect(network.send(node, 0, 1)).toBe(0);
          const total = (flow: MinCostFlow): number =>
            arcs.reduce((sum, arc, i) => sum + flow.flow(arc) * (i < 12 ? weight(costs[i]!) : 90_000), 0);
          expect(total(network)).toBe(cheapest(costs, 4, rooms));
          let now = network;
          for (const { port, by, widen } of changes) {
            const before = total(now);
            const next = now.copy();
            const step = widen ? by : Math.min(by, rooms[port]!);
            rooms[port]! += widen ? step : -step;
            if (widen) next.widen(ports[port]!, step);
            else next.narrow(ports[port]!, step);
            expect(total(next)).toBe(cheapest(costs, 4, rooms));
            expect(total(now)).toBe(before);
            now = next;
          }
        },
      ),
      random(300),
    );
  });
});
