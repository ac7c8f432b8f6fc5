import fc from 'fast-check';
import type { DeviceRequest, Growth, PlanRequest } from '../../../src/planner/index.js';
import {
  type ControllerSpec,
  freePorts,
  ich9Group,
  type Speed,
  type Topology,
  withDevice,
  withHub,
} from '../../../src/qdev/index.js';
import { device, running, vm } from './layouts.js';

const port = fc.integer({ min: 0, max: 4 });

const controller = (id: string): fc.Arbitrary<ControllerSpec[]> =>
  fc.oneof(
    fc.record({ p2: port, p3: port }).map(({ p2, p3 }): ControllerSpec[] => [{ id, model: 'qemu-xhci', p2, p3 }]),
    fc
      .constantFrom<ControllerSpec['model']>('usb-ehci', 'ich9-usb-ehci1', 'piix3-usb-uhci')
      .map((model): ControllerSpec[] => [{ id, model }]),
    fc.integer({ min: 0, max: 3 }).map((numPorts): ControllerSpec[] => [{ id, model: 'pci-ohci', numPorts }]),
    fc.integer({ min: 1, max: 4 }).map((count) => ich9Group(id, { pciBus: 'pcie.0', slot: 0x1d }).slice(0, count)),
  );

const start: fc.Arbitrary<Topology> = fc
  .integer({ min: 0, max: 3 })
  .chain((count) => fc.tuple(...Array.from({ length: count }, (_, i) => controller(`c${i}`))))
  .map((groups) => vm(...groups.flat()));

/** Puts something on a free port: which port and what, by a number. */
function occupied(topology: Topology, number: number, n: number): Topology {
  const free = topology.controllers.flatMap((one) => freePorts(one).map((view) => ({ bus: one.bus, view })));
  const chosen = free[number % Math.max(1, free.length)];
  if (chosen === undefined) return topology;
  const { bus, view } = chosen;
  if (number % 5 === 0 && (view.mask & 2) !== 0 && view.depth <= 5) {
    return withHub(topology, bus, { id: `hub${n}`, port: view.port, ports: 1 + (number % 3) });
  }
  const told = number % 11 === 0 ? undefined : view.port;
  const id = number % 7 === 0 ? undefined : `dev${n}`;
  return withDevice(topology, bus, { id, driver: 'usb-host', port: told, qomPath: `/machine/unattached/device[${n}]` });
}

const pin: fc.Arbitrary<DeviceRequest['pin']> = fc.record(
  {
    controller: fc.constantFrom('c0', 'c1', 'c2.0', 'c9'),
    port: fc.constantFrom('1', '2', '3', '1.1', '2.1.1', '9', '02'),
  },
  { requiredKeys: [] },
);

const wanted = (key: string): fc.Arbitrary<DeviceRequest> =>
  fc
    .record({
      native: fc.constantFrom<Speed>('low', 'full', 'full', 'high', 'super'),
      kind: fc.integer({ min: 0, max: 11 }),
      slower: fc.constantFrom('refuse' as const, 'refuse' as const, 'allow' as const),
      mandatory: fc.boolean(),
      pin: fc.option(pin, { nil: undefined, freq: 2 }),
    })
    .map(({ native, kind, ...rest }) => {
      if (kind === 0) return device(key, 'full', { hubPorts: 4, ...rest });
      return device(key, native, kind === 1 ? { ...rest, mask: 8 } : kind === 2 ? { ...rest, mask: 0 } : rest);
    });

/** A small request of any kind: VMs that run and others, with things attached, hubs, pins that are wrong. */
export const anyRequest: fc.Arbitrary<PlanRequest> = fc
  .record({
    start,
    occupants: fc.array(fc.nat(1000), { maxLength: 6 }),
    live: fc.boolean(),
    slots: fc.array(fc.constantFrom('pci.0', 'root1'), { maxLength: 1 }),
    count: fc.integer({ min: 1, max: 5 }),
    hubs: fc.boolean(),
    grows: fc.integer({ min: 0, max: 3 }),
    reserve: fc.option(fc.integer({ min: 0, max: 5 }), { nil: undefined }),
  })
  .chain(({ start: empty, occupants, live, slots, count, hubs, grows, reserve }) =>
    fc.tuple(...Array.from({ length: count }, (_, i) => wanted(`d${i}`))).map((devices): PlanRequest => {
      const before = live ? occupants.reduce(occupied, empty) : empty;
      const hotplug = slots.map((bus) => ({ bus, capacity: 1 }));
      const topology = live ? running(before, hotplug) : before;
      const growth: Growth = {
        hubs,
        controllers: grows === 0 && !live ? [{ id: 'spare', model: 'qemu-xhci', p2: 1, p3: 1 }] : [],
      };
      return { topology, growth, devices, reserve };
    }),
  );
