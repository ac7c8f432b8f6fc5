import { describe, expect, test } from 'vitest';
import { keyOf } from '../../../../src/access/claims.js';
import { selfIdentity } from '../../../../src/base/index.js';
import type { HostDevice } from '../../../../src/host/index.js';
import { type AttachedDevice, emptyTopology, type Topology } from '../../../../src/qdev/index.js';
import type { Claim } from '../../../../src/registry/index.js';
import { leftoversOf } from '../../../../src/vm/observe/leftovers.js';
import { inventoryOf, recording } from '../../host/recordings.js';

const inventory = inventoryOf(recording('six-devices'));
const at = (port: string): HostDevice => inventory.devices.find((one) => one.port === port) as HostDevice;
const [tablet, other] = [at('1-2'), at('1-4')];

/** A claim on what was plugged in where a device is now. */
const claimOf = (device: HostDevice, id: string, more: Partial<Claim> = {}): Claim => ({
  key: { ...keyOf(device, inventory), productId: 0x701a, serial: 'OLD' },
  owner: { vm: 'bench', socket: '/run/bench.sock', process: undefined },
  ...{
    state: 'failed',
    reason: 'it was unplugged',
    worker: undefined,
    device: id,
    label: 'a modem',
    port: device.port,
  },
  ...{ drivers: [], address: '1.77', guardOff: [], since: '2026-01-01T00:00:00.000Z' },
  ...more,
});

function withUsbHosts(...ids: (readonly [id: string, more?: Partial<AttachedDevice>])[]): Topology {
  const devices = ids.map(
    ([id, more], index): AttachedDevice => ({
      ...{ id, qomPath: `/machine/peripheral/${id}`, driver: 'usb-host', port: String(index + 1) },
      ...{ attached: true, megabits: 480, hubPorts: undefined, product: undefined, automatic: false },
      host: { bus: 1, address: 77 },
      ...more,
    }),
  );
  const controller = {
    ...{ bus: 'x.0', id: 'x', model: 'qemu-xhci', qomPath: '/machine/peripheral/x', ports: [], known: true },
    devices,
  };
  return { ...emptyTopology({ major: 7, minor: 2, micro: 0 }), controllers: [controller] };
}

const found = (topology: Topology, claims: readonly Claim[], device = tablet): unknown[] =>
  leftoversOf(topology, device, claims, inventory).map(({ standing }) => standing.device.id);

describe('what a device left that came back as another one', () => {
  test('all of it is found, whatever its id', () => {
    const claims = [claimOf(tablet, 'a'), claimOf(tablet, 'qplug-0627-701a-1-2'), claimOf(tablet, 'c')];
    expect(found(withUsbHosts(['a'], ['qplug-0627-701a-1-2'], ['c'], ['d']), claims)).toEqual([
      'a',
      'qplug-0627-701a-1-2',
      'c',
    ]);
  });

  test.each([
    ['nobody claimed', 'qplug-0627-701a-1-2', []],
    ['is claimed at another connector', 'a', [claimOf(other, 'a')]],
    ['another qplug works on', 'a', [claimOf(tablet, 'a', { worker: selfIdentity() })]],
  ])('an object that %s is none', (_, id, claims) => {
    expect(found(withUsbHosts([id]), claims)).toEqual([]);
  });

  test.each([
    ['is emulated', { driver: 'usb-tablet' }],
    ['takes whatever matches', { host: undefined }],
  ])('an object that %s is none', (_, more) => {
    expect(found(withUsbHosts(['a', more]), [claimOf(tablet, 'a')])).toEqual([]);
  });

  test('a device that is there still is none, but another one may have its address', () => {
    const here = withUsbHosts(['a', { host: { bus: tablet.bus, address: tablet.address } }]);
    expect(found(here, [claimOf(tablet, 'a', { key: keyOf(tablet, inventory) })])).toEqual([]);
    expect(found(here, [claimOf(tablet, 'a')])).toEqual(['a']);
  });

  test('both halves of a connector are one', () => {
    const fast: HostDevice = { ...tablet, bus: 2, port: '2-2', peer: '1-2', address: 40, productId: 0x9201 };
    expect(found(withUsbHosts(['a']), [claimOf(tablet, 'a')], fast)).toEqual(['a']);
  });
});
