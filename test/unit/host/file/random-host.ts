import fc from 'fast-check';
import { formatPort, type HostDevice, type HostEndpoint, type HostInventory } from '../../../../src/host/index.js';

/** Any endpoint that a descriptor can tell, well made or not. */
const endpoint = (megabits: number): fc.Arbitrary<HostEndpoint> =>
  fc.record({
    address: fc.nat(255),
    type: fc.constantFrom('control', 'isochronous', 'bulk', 'interrupt'),
    maxPacketSize: fc.oneof(fc.constantFrom(0, 8, 64, 65, 512, 1024, 1025, 0x1400), fc.nat(0xffff)),
    streams: megabits > 480 ? fc.constantFrom(0, 0, 4, 31) : fc.constant(0),
  });

const device = (bus: number, address: number): fc.Arbitrary<HostDevice> =>
  fc.constantFrom(1.5, 12, 480, 5000, 10000, 20000).chain((megabits) =>
    fc
      .record({
        vendorId: fc.constantFrom(0x0781, 0x046d, 0),
        productId: fc.nat(3),
        serial: fc.option(fc.string({ unit: 'binary', maxLength: 20 }), { nil: undefined }),
        product: fc.option(fc.string({ unit: 'binary', maxLength: 20 }), { nil: undefined }),
        chain: fc.array(fc.integer({ min: 1, max: 255 }), { minLength: 1, maxLength: 6 }),
        peer: fc.option(fc.constantFrom('1-1', '2-3.4'), { nil: undefined }),
        settings: fc.array(
          fc.record({
            number: fc.nat(3),
            class: fc.constantFrom(3, 8, 14, 255),
            subclass: fc.constantFrom(6, 1),
            protocol: fc.nat(255),
            endpoints: fc.array(endpoint(megabits), { maxLength: 4 }),
          }),
          { maxLength: 3 },
        ),
      })
      .map(({ settings, chain, ...rest }): HostDevice => {
        const own = [address, ...chain].slice(0, 6);
        const port = formatPort({ bus, chain: own });
        return {
          ...rest,
          port,
          bus,
          address,
          chain: own,
          controller: bus === 1 ? '0000:00:14.0' : 'dummy_hcd.0',
          manufacturer: undefined,
          name: rest.product ?? 'USB device',
          class: 0,
          classes: [...new Set(settings.map((one) => one.class))].sort((a, b) => a - b),
          megabits,
          configurations: [{ value: 1, interfaces: [{ number: 0, altSettings: settings }] }],
          interfaces: [{ name: `${port}:1.0`, number: 0, class: settings[0]?.class ?? 0, driver: undefined }],
          node: `/dev/bus/usb/00${bus}/${String(address).padStart(3, '0')}`,
          access: 'unknown',
          isHub: false,
          findings: [],
        };
      }),
  );

/** A host with random devices on two buses, in order. */
export const randomHost: fc.Arbitrary<HostInventory> = fc
  .array(fc.constantFrom(1, 2), { minLength: 1, maxLength: 8 })
  .chain((buses) => fc.tuple(...buses.map((bus, index) => device(bus, index + 2))))
  .map((devices) => ({
    devices: [...devices].sort((a, b) => a.bus - b.bus || (a.chain[0] ?? 0) - (b.chain[0] ?? 0)),
    hubs: [],
  }));
