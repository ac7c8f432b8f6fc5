import type { Claim } from '../../../src/registry/index.js';
import { SELF } from './records.js';

/** A claim as any VM may have it. */
export function claimOf(vm: string, more: Partial<Claim> = {}): Claim {
  return {
    key: { connector: 'pci-0000:00:14.0/1-2', vendorId: 0x0781, productId: 0x5567, serial: 'S1' },
    owner: { vm, socket: `/run/qplug/vm/${vm}/qplug.sock`, process: { ...SELF, pid: vm.length } },
    state: 'attaching',
    reason: undefined,
    worker: SELF,
    device: 'qplug-0781-5567-1-2',
    label: '0781:5567 "Ultra" at 1-2',
    port: '1-2',
    drivers: [
      ['1-2:1.0', 'usb-storage'],
      ['1-2:1.1', null],
    ],
    since: '2026-01-01T00:00:00.000Z',
    address: '1.5',
    guardOff: [],
    ...more,
  };
}
