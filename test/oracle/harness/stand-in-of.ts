import type { HostDevice } from '../../../src/host/index.js';
import type { StandInDevice } from './stand-in-device.js';

/** libusb's words for Mb/s. */
const SPEEDS = new Map<number, StandInDevice['speed']>([
  [1.5, 'low'],
  [12, 'full'],
  [480, 'high'],
  [5000, 'super'],
  [10000, 'super-plus'],
  [20000, 'super-plus-x2'],
]);

/** @returns a device of a host, as QEMU's libusb would report it there */
export function standInOf(device: HostDevice): StandInDevice {
  return {
    bus: device.bus,
    address: device.address,
    port: device.chain.join('.'),
    speed: SPEEDS.get(device.megabits ?? 0) ?? 'unknown',
    vendorId: device.vendorId,
    productId: device.productId,
    ...(device.product === undefined ? {} : { name: device.product }),
    deviceClass: device.class,
    configurations: device.configurations.map(({ interfaces }) => ({
      interfaces: interfaces.map(({ altSettings }) => ({
        altSettings: altSettings.map(({ endpoints, ...setting }) => ({
          ...{ class: setting.class, subclass: setting.subclass, protocol: setting.protocol },
          endpoints: endpoints.map((endpoint) => ({ ...endpoint, streams: endpoint.streams ?? 0 })),
        })),
      })),
    })),
  };
}
