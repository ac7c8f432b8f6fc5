import { describe, expect, test } from 'vitest';
import {
  emptyTopology,
  FULL,
  findController,
  freePorts,
  HIGH,
  LOW,
  portMask,
  portsOf,
  type Topology,
  unplacedDevices,
  withController,
  withDevice,
  withHub,
} from '../../../src/qdev/index.js';

const EMPTY: Topology = {
  ...emptyTopology({ major: 7, minor: 2, micro: 0 }),
  hotplug: [
    { bus: 'rp1', capacity: 1 },
    { bus: 'pci.0', capacity: 3 },
  ],
};
const XHCI = withController(EMPTY, { id: 'x', model: 'qemu-xhci', p2: 2, p3: 1 });

describe('topologies', () => {
  test('hub ports are there as soon as the hub is, with the speeds of a hub', () => {
    const topology = withHub(withHub(XHCI, 'x.0', { id: 'h', port: '2', ports: 2 }), 'x.0', {
      id: 'g',
      port: '2.2',
      ports: 1,
    });
    expect(
      portsOf(topology.controllers[0]!).map(({ port, mask, depth, occupant }) => [port, mask, depth, occupant?.id]),
    ).toEqual([
      ['1', 15, 1, undefined],
      ['2', 7, 1, 'h'],
      ['2.1', 3, 2, undefined],
      ['2.2', 3, 2, 'g'],
      ['2.2.1', 3, 3, undefined],
    ]);
    expect(freePorts(topology.controllers[0]!).map(({ port }) => port)).toEqual(['1', '2.1', '2.2.1']);
    expect(portMask(topology, 'x.0', '2.2.1')).toBe(LOW | FULL);
    expect([...topology.ids]).toEqual(['x', 'h', 'g']);
  });

  test('the order in which things were added does not matter to the ports', () => {
    const child = withDevice(XHCI, 'x.0', { id: 'k', driver: 'usb-kbd', port: '2.1' });
    const topology = withHub(child, 'x.0', { id: 'h', port: '2', ports: 1 });
    expect(portsOf(topology.controllers[0]!).find(({ port }) => port === '2.1')?.occupant?.id).toBe('k');
  });

  test('the first topology is left as it was', () => {
    withHub(XHCI, 'x.0', { id: 'h', port: '2' });
    expect(XHCI.controllers[0]?.devices).toEqual([]);
    expect([...XHCI.ids]).toEqual(['x']);
  });

  test('there is no mask for a port or bus that is not there', () => {
    expect([portMask(XHCI, 'x.0', '3'), portMask(XHCI, 'x.0', '1.1'), portMask(XHCI, 'y.0', '1')]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  test('a controller is found by id and by bus; the bus name wins', () => {
    const two = withController(XHCI, { id: 'x.0', model: 'usb-ehci' });
    expect(findController(two, 'x')?.model).toBe('qemu-xhci');
    expect(findController(two, 'x.0')?.model).toBe('qemu-xhci');
    expect(findController(two, 'x.0.0')?.model).toBe('usb-ehci');
    expect(findController(two, 'nope')).toBeUndefined();
  });

  test('a companion that is added widens its EHCI and makes no bus', () => {
    const ehci = withController(EMPTY, { id: 'e', model: 'ich9-usb-ehci1' });
    const both = withController(ehci, { id: 'u', model: 'ich9-usb-uhci2', masterbus: 'e.0', firstport: 2 });
    expect(both.controllers.map(({ bus }) => bus)).toEqual(['e.0']);
    expect(both.controllers[0]?.ports.map(({ mask }) => mask)).toEqual([HIGH, HIGH, 7, 7, HIGH, HIGH]);
  });

  test('a controller in a hot-plug slot takes its room', () => {
    const root = withController(EMPTY, { id: 'a', model: 'qemu-xhci', pciBus: 'rp1' });
    expect(root.hotplug).toEqual([{ bus: 'pci.0', capacity: 3 }]);
    expect(withController(root, { id: 'b', model: 'qemu-xhci', pciBus: 'pci.0' }).hotplug).toEqual([
      { bus: 'pci.0', capacity: 2 },
    ]);
  });

  test('a device whose port is not known is told as unplaced and takes no port', () => {
    const topology = withDevice(XHCI, 'x.0', { id: undefined, driver: 'usb-kbd', port: undefined });
    expect(unplacedDevices(topology.controllers[0]!)).toHaveLength(1);
    expect(freePorts(topology.controllers[0]!)).toHaveLength(2);
    expect([...topology.ids]).toEqual(['x']);
  });

  test('a device on no bus changes nothing', () => {
    expect(withDevice(XHCI, 'nope.0', { id: 'k', driver: 'usb-kbd', port: '1' })).toBe(XHCI);
  });
});
