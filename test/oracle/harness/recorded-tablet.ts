import type { StandInDevice } from './stand-in-device.js';

/** The device of the recorded host at 1-2, as QEMU's libusb reports it. */
export const TABLET: StandInDevice = {
  bus: 1,
  address: 2,
  port: '2',
  speed: 'high',
  vendorId: 0x0627,
  productId: 1,
  configurations: [
    {
      interfaces: [
        {
          altSettings: [
            {
              class: 3,
              subclass: 0,
              protocol: 0,
              endpoints: [{ address: 0x81, type: 'interrupt', maxPacketSize: 8, streams: 0 }],
            },
          ],
        },
      ],
    },
  ],
};
