import fc from 'fast-check';
import { expect, it } from 'vitest';
import { plan } from '../../../../src/planner/index.js';
import { demandsOf, sortDevices } from '../../../../src/planner/solve/demand.js';
import { search } from '../../../../src/planner/solve/search.js';
import { spaceOf } from '../../../../src/planner/solve/space.js';
import { faults } from '../checks.js';
import { objectivesOfPlan } from '../exhaustive.js';
import { device, ehci, HUBS, request, uhci, vm, xhci } from '../layouts.js';
import { random } from '../random.js';

const place = fc.record({
  bus: fc.constantFrom('a.0', 'b.0'),
  port: fc.constantFrom('1', '2', '1.1', '1.2', '2.1', '1.1.1'),
});

const where = fc.oneof(
  { arbitrary: fc.constant({}), weight: 4 },
  { arbitrary: place.map((home) => ({ home })), weight: 2 },
  fc.constantFrom('a', 'b').map((controller) => ({ pin: { controller } })),
  place.map(({ bus, port }) => ({ pin: { controller: bus, port } })),
);

/** More slow devices than an exhaustive search could place: they need hubs, and hubs on hubs. */
const devices = fc
  .array(fc.record({ native: fc.constantFrom('full', 'full', 'full', 'high'), where, mandatory: fc.boolean() }), {
    minLength: 5,
    maxLength: 22,
  })
  .map((list) => list.map(({ native, where: at, mandatory }, i) => device(`d${i}`, native, { ...at, mandatory })));

const topology = fc.constantFrom(
  vm({ id: 'a', model: 'pci-ohci', numPorts: 1 }),
  vm(xhci('a', 1)),
  vm(uhci('a')),
  vm(uhci('a'), xhci('b', 1)),
  vm(xhci('a', 2), ehci('b')),
);

it('VMs with more devices than can be searched: a plan is as good as the search counted, and sound', () => {
  fc.assert(
    fc.property(topology, devices, fc.constantFrom(0, 1, 4), (start, wanted, reserve) => {
      const asked = request(start, wanted, { growth: HUBS, reserve });
      const made = plan(asked);
      expect(faults(asked, made)).toEqual([]);
      const space = spaceOf(start);
      const demands = demandsOf(space, sortDevices(wanted));
      const { score } = search({ demands, kept: [], reserve, mayAddHubs: true }, space);
      // The eighth objective is added controllers, of which the search knows nothing.
      const counted = objectivesOfPlan(asked, made, start).toSpliced(8, 1);
      // Nor does it matter which zero is which.
      expect(counted.map((figure) => figure + 0)).toEqual(score.map((figure) => figure + 0));
    }),
    random(100),
  );
});
