import { describe, expect, test } from 'vitest';
import { stateOf } from '../../../../src/vm/observe/device-state.js';
import { inventoryOf, recording } from '../../host/recordings.js';
import { attached } from '../../view/topologies.js';

const VERSION = { major: 10, minor: 0, micro: 0 };
const inventory = inventoryOf(recording('six-devices'));
const disk = inventory.devices.find(({ megabits }) => megabits === 5000)!;
const passed = (more: Parameters<typeof attached>[0]) =>
  attached({ driver: 'usb-host', host: { bus: disk.bus, address: disk.address }, ...more });

describe('a device in a VM', () => {
  test.each([
    ['at its own speed is attached', { megabits: 5000 }, { state: 'attached', native: 'super', hostDevice: disk }],
    ['below its speed is slower', { megabits: 480 }, { state: 'slower', native: 'super', hostDevice: disk }],
    ['without a speed is slower than any', { megabits: undefined }, { state: 'slower', native: 'super' }],
    ['that QEMU does not have is detached', { attached: false }, { state: 'detached', native: 'super' }],
    [
      'whose host device is gone is stale',
      { host: { bus: 99, address: 1 } },
      { state: 'stale', hostDevice: undefined },
    ],
    ['that scans, and has something, is attached', { host: undefined }, { state: 'attached', native: undefined }],
    [
      'that QEMU makes is emulated',
      { driver: 'usb-mouse' },
      { state: 'emulated', native: undefined, hostDevice: undefined },
    ],
  ] as const)('%s', (_name, more, wanted) => {
    expect(stateOf(passed(more), 'xhci.0', inventory, VERSION)).toMatchObject({
      bus: 'xhci.0',
      ours: false,
      ...wanted,
    });
  });

  test('is ours where its id is of our making', () => {
    expect(stateOf(passed({ id: 'qplug-46f4-0001' }), 'xhci.0', inventory, VERSION).ours).toBe(true);
  });
});
