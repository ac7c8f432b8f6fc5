import type { MachineSpec } from './shared.js';

/** Controllers of the standard host: `x0` (xHCI, eight ports of each kind), `e0` (bare EHCI, 6 ports), `u0` (UHCI, 2). */
const controllers = [
  { driver: 'qemu-xhci', id: 'x0', p2: 8, p3: 8 },
  { driver: 'ich9-usb-ehci1', id: 'e0' },
  { driver: 'piix3-usb-uhci', id: 'u0' },
] as const;

/**
 * A host with six devices of all speeds that QEMU emulates. Ports 5 to 8 of `x0` and 2 to 6 of `e0` are free.
 * The mouse and the keyboard have `usb_version=1`, else QEMU gives them descriptors for 480 Mb/s as well.
 */
export const standardHost: MachineSpec = {
  kvm: true,
  disks: [
    { name: 'ss', size: 16 << 20 },
    { name: 'hs', size: 16 << 20 },
  ],
  devices: [
    ...controllers,
    { driver: 'usb-storage', id: 'ss', bus: 'x0.0', port: '1', drive: 'ss', serial: 'SS0001' },
    { driver: 'usb-storage', id: 'hs', bus: 'e0.0', port: '1', drive: 'hs', serial: 'HS0001' },
    { driver: 'usb-tablet', id: 'tablet', bus: 'x0.0', port: '2' },
    { driver: 'usb-ccid', id: 'ccid', bus: 'x0.0', port: '4' },
    { driver: 'usb-mouse', id: 'mouse', bus: 'u0.0', port: '1', usb_version: 1 },
    { driver: 'usb-kbd', id: 'kbd', bus: 'u0.0', port: '2', usb_version: 1 },
  ],
};
