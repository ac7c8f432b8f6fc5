import type { DeviceRequest, Growth, PlanRequest } from '../../../src/planner/index.js';
import {
  type ControllerSpec,
  emptyTopology,
  FULL,
  HIGH,
  ich9Group,
  LOW,
  predictControllers,
  type Speed,
  type SpeedMask,
  SUPER,
  type Topology,
  withDevice,
} from '../../../src/qdev/index.js';

export const VERSION = { major: 7, minor: 2, micro: 0 } as const;

/** A VM with these controllers and nothing on them. */
export function vm(...specs: readonly ControllerSpec[]): Topology {
  return { ...emptyTopology(VERSION), controllers: predictControllers(specs), ids: new Set(specs.map(({ id }) => id)) };
}

export const xhci = (id: string, p2: number, p3: number = p2): ControllerSpec => ({ id, model: 'qemu-xhci', p2, p3 });
export const ehci = (id = 'ehci'): ControllerSpec => ({ id, model: 'usb-ehci' });
export const uhci = (id = 'uhci'): ControllerSpec => ({ id, model: 'piix3-usb-uhci' });

/** The six layouts in which real devices are tried as well. */
export const LAYOUTS: Readonly<Record<'A' | 'B' | 'C' | 'D' | 'E' | 'F', { topology: Topology; native: number }>> = {
  A: { topology: vm({ id: 'ehci', model: 'ich9-usb-ehci1' }, xhci('xhci', 4)), native: 6 },
  B: { topology: vm(xhci('xhci', 4)), native: 6 },
  C: { topology: vm(uhci(), ehci()), native: 5 },
  D: { topology: vm(xhci('xhci', 15)), native: 6 },
  E: { topology: vm(...ich9Group('ehci', { pciBus: 'pcie.0', slot: 0x1d })), native: 5 },
  F: { topology: vm(xhci('one', 2), xhci('two', 2)), native: 6 },
};

/** A device by its native speed, with the mask that such devices commonly have. */
export function device(key: string, native: Speed, more: Partial<DeviceRequest> = {}): DeviceRequest {
  return { key, label: key, native, mask: MASKS[native], mandatory: false, slower: 'refuse', ...more };
}

const MASKS: Readonly<Record<Speed, SpeedMask>> = {
  low: LOW,
  full: FULL,
  high: FULL | HIGH,
  super: FULL | HIGH | SUPER,
};

export const hub = (key: string, more: Partial<DeviceRequest> = {}): DeviceRequest =>
  device(key, 'full', { hubPorts: 8, ...more });

/** The six devices, in the order in which they are told. */
export const SIX: readonly DeviceRequest[] = [
  device('super-disk', 'super'),
  device('high-disk', 'high'),
  device('tablet', 'high'),
  device('card-reader', 'full'),
  device('mouse', 'full'),
  device('keyboard', 'full'),
];

export const HUBS: Growth = { hubs: true, controllers: [] };
export const NOTHING: Growth = { hubs: false, controllers: [] };

export function request(
  topology: Topology,
  devices: readonly DeviceRequest[],
  more: Partial<PlanRequest> = {},
): PlanRequest {
  return { topology, growth: HUBS, devices, ...more };
}

/** A VM that runs: its controllers have QOM paths. */
export function running(topology: Topology, hotplug: Topology['hotplug'] = []): Topology {
  const controllers = topology.controllers.map((one) => ({ ...one, qomPath: `/machine/peripheral/${one.id}` }));
  return { ...topology, controllers, hotplug };
}

/** @returns the topology with `dev1`, `dev2`, … on the first ports of a bus */
export function full(topology: Topology, bus: string, ports: number): Topology {
  return Array.from({ length: ports }, (_, i) => ({ id: `dev${i + 1}`, driver: 'usb-host', port: `${i + 1}` })).reduce(
    (now, one) => withDevice(now, bus, one),
    topology,
  );
}
