import { expect, test } from 'vitest';
import type { BoundInterface } from '../../../../../src/host/usb-device.js';
import { readinessOf } from '../../../../../src/vm/operations/look/wait.js';

const bound = (...drivers: (string | undefined)[]): BoundInterface[] =>
  drivers.map((driver, number) => ({ name: `1-2:1.${number}`, number, class: 3, driver }));

test.each([
  [0, bound('usbfs'), 'it is attached, and the guest has not addressed it yet'],
  [3, bound('usbfs', 'usbfs'), 'ready'],
  [undefined, bound('usbfs'), 'ready'],
  [3, [], 'ready'],
  [3, bound('usbfs', 'usbhid'), expect.stringContaining('the host has usbhid on 1-2:1.1, and not usbfs')],
  [3, bound(undefined), expect.stringContaining('the host has no driver on 1-2:1.0, and not usbfs')],
])('a device with the address %j in the guest and the interfaces %j: %s', (guestAddress, interfaces, expected) => {
  expect(readinessOf({ guestAddress }, { interfaces })).toEqual(expected);
});
