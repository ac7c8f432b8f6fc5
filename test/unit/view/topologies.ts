import fc from 'fast-check';
import {
  type AttachedDevice,
  type Controller,
  emptyTopology,
  predictControllers,
  type Topology,
} from '../../../src/qdev/index.js';

const VERSION = { major: 7, minor: 2, micro: 0 } as const;

export function attached(more: Partial<AttachedDevice>): AttachedDevice {
  return {
    id: undefined,
    qomPath: undefined,
    driver: 'usb-mouse',
    port: '1',
    attached: true,
    megabits: 12,
    hubPorts: undefined,
    host: undefined,
    product: undefined,
    automatic: false,
    ...more,
  };
}

/** An xHCI controller with four ports, and these devices. */
export function world(devices: readonly AttachedDevice[], more: Partial<Controller> = {}): Topology {
  const [xhci] = predictControllers([{ id: 'xhci', model: 'qemu-xhci', p2: 4, p3: 4 }]) as [Controller];
  return { ...emptyTopology(VERSION), controllers: [{ ...xhci, ...more, devices }] };
}

/** Text that a device, a file name or another QEMU could hold. */
export const hostileText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 140 }),
  fc.string({ unit: 'grapheme', maxLength: 140 }),
  fc.constantFrom(
    '',
    'x]]><script>alert(1)</script>&amp;"\'',
    '\u202egnp.exe\u0007\u001b[2J\u001b]0;x\u0007',
    'a\nb\tc',
    '\ufffe\uffff\ud800',
    '日本語のキーボード'.repeat(12),
    '🙂👩‍👩‍👧‍👧🇩🇪'.repeat(12),
    'Z\u0334\u0322\u031b\u0325\u031f'.repeat(20),
    'W'.repeat(140),
    '--><!--',
    '%n%s{{y}}',
  ),
);

/** Where something could be: root ports that exist and some that do not, hub ports, ports behind hubs that nobody saw, none. */
const somePort: fc.Arbitrary<string | undefined> = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 6 }).map(String) },
  {
    weight: 6,
    arbitrary: fc
      .array(fc.integer({ min: 1, max: 9 }), { minLength: 2, maxLength: 6 })
      .map((numbers) => numbers.join('.')),
  },
  { weight: 1, arbitrary: fc.constant(undefined) },
);

const someDevice: fc.Arbitrary<AttachedDevice> = fc
  .record({
    id: fc.option(hostileText, { nil: undefined }),
    product: fc.option(hostileText, { nil: undefined }),
    driver: fc.constantFrom('usb-host', 'usb-mouse', 'usb-hub', 'usb-storage'),
    port: somePort,
    attached: fc.boolean(),
    megabits: fc.constantFrom(1.5, 12, 480, 5000, 10000, 7, undefined),
    hubPorts: fc.option(fc.integer({ min: 1, max: 8 }), { nil: undefined }),
    automatic: fc.boolean(),
  })
  .map((more) => attached({ ...more, driver: more.hubPorts === undefined ? more.driver : 'usb-hub' }));

/** Any VM as another QEMU could show it: sense is not promised. */
export const anyTopology: fc.Arbitrary<Topology> = fc
  .array(
    fc.record({
      model: fc.constantFrom('qemu-xhci', 'piix3-usb-uhci', 'usb-ehci'),
      p2: fc.integer({ min: 0, max: 15 }),
      p3: fc.integer({ min: 0, max: 15 }),
      id: hostileText,
      known: fc.boolean(),
      devices: fc.array(someDevice, { maxLength: 8 }),
    }),
    { maxLength: 3 },
  )
  .map((controllers) => ({
    ...emptyTopology(VERSION),
    controllers: controllers.flatMap(({ model, p2, p3, id, known, devices }, index) =>
      predictControllers([{ id: `c${index}`, model: model as 'qemu-xhci', p2, p3 }]).map((one) => ({
        ...one,
        id,
        known,
        devices,
      })),
    ),
  }));
