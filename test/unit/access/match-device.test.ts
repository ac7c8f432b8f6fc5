import { describe, expect, test } from 'vitest';
import { filterFor, standingOf, withoutDevice } from '../../../src/access/match-device.js';
import type { HostDevice } from '../../../src/host/index.js';
import { type AttachedDevice, deviceId, emptyTopology, type Topology } from '../../../src/qdev/index.js';
import { inventoryOf, recording } from '../host/recordings.js';

const inventory = inventoryOf(recording('six-devices'));
const [device] = inventory.devices as [HostDevice];

function withUsbHost(more: Partial<AttachedDevice>): Topology {
  const one: AttachedDevice = {
    ...{ id: undefined, qomPath: '/machine/peripheral-anon/device[0]', driver: 'usb-host', port: '1' },
    ...{ attached: true, megabits: 480, hubPorts: undefined, host: undefined, product: undefined, automatic: false },
    ...more,
  };
  const controller = {
    ...{ bus: 'x.0', id: 'x', model: 'qemu-xhci', qomPath: '/machine/peripheral/x', ports: [], known: true },
    devices: [one],
  };
  const ids = new Set(['x', ...(one.id === undefined ? [] : [one.id])]);
  return { ...emptyTopology({ major: 7, minor: 2, micro: 0 }), controllers: [controller], ids };
}

const ID = deviceId(device);
const HERE = { bus: device.bus, address: device.address };
const ELSEWHERE = { bus: device.bus, address: device.address + 7 };

describe('how a host device stands in a VM', () => {
  test.each([
    ['plugged by qplug, and there', { id: ID, host: HERE }, 'attached'],
    ['plugged by somebody else with its address', { host: HERE }, 'attached'],
    ['plugged by qplug, with an address that it had before', { id: ID, host: ELSEWHERE }, 'stale'],
    ['plugged by qplug, and lost by QEMU', { id: ID, host: HERE, attached: false }, 'stale'],
    ['plugged a second time by qplug under another id', { id: `${ID}_2`, host: ELSEWHERE }, 'stale'],
    ['plugged by somebody else, and lost by QEMU', { host: HERE, attached: false }, undefined],
    ['its address, with the id of another device', { id: 'qplug-dead-beef-9-9', host: HERE }, undefined],
    ['another device', { id: 'their', host: ELSEWHERE }, undefined],
    ['an emulated device with its id', { id: ID, driver: 'usb-tablet' }, undefined],
  ])('%s', (_, more, state) => {
    expect(standingOf(withUsbHost(more), device, inventory)?.state).toBe(state);
  });

  const ANY = { bus: undefined, address: undefined, port: undefined, vendorId: undefined, productId: undefined };
  test.each([
    ['for its vendor and product', { vendorId: device.vendorId, productId: device.productId }, true],
    ['for its port', { bus: device.bus, port: device.chain.join('.') }, true],
    ['for anything at all', {}, true],
    ['for another product', { vendorId: device.vendorId, productId: device.productId + 1 }, false],
    ['for another port of its bus', { bus: device.bus, port: '99' }, false],
    ['for another bus', { bus: device.bus + 1 }, false],
  ])('a filter %s', (_, filter, taken) => {
    expect(filterFor(withUsbHost({ filter: { ...ANY, ...filter } }), device) !== undefined).toBe(taken);
  });

  test('an exact usb-host is no filter', () => {
    expect(filterFor(withUsbHost({ host: HERE }), device)).toBeUndefined();
  });

  test('without it the port and the id are free, and the rest is as it was', () => {
    const before = withUsbHost({ id: ID, host: ELSEWHERE });
    const standing = standingOf(before, device, inventory);
    const after = withoutDevice(before, { device: standing?.device as AttachedDevice });
    expect(after.controllers).toMatchObject([{ bus: 'x.0', devices: [] }]);
    expect(after.ids).toEqual(new Set(['x']));
    expect(before.controllers[0]?.devices).toHaveLength(1);
  });
});
