import { describe, expect, test } from 'vitest';
import {
  type ControllerSpec,
  emptyTopology,
  FULL,
  firstRefused,
  HIGH,
  HUB_MASK,
  predictControllers,
  predictDevice,
  refusesController,
  SUPER,
  type Topology,
  withDevice,
  withHub,
} from '../../../../src/qdev/index.js';

const VERSION = { major: 7, minor: 2, micro: 0 };

/** An xHCI with a port for all, one for USB 2 and one for SuperSpeed; a bare EHCI; slots as on pc. */
const VM: Topology = {
  ...emptyTopology(VERSION),
  controllers: predictControllers([
    { id: 'x', model: 'qemu-xhci', p2: 2, p3: 1 },
    { id: 's', model: 'qemu-xhci', p2: 0, p3: 1 },
    { id: 'e', model: 'usb-ehci' },
  ]),
  hotplug: [{ bus: 'pci.0', capacity: 1 }],
  ids: new Set(['x', 's', 'e']),
};

describe('a device on a port', () => {
  const disk = { mask: FULL | HIGH | SUPER };
  const hub = (hubPorts: number) => ({ mask: HUB_MASK, hubPorts });

  test.each([
    ['at the highest common speed', disk, 'x.0', '1', { speed: 'super' }],
    ['on a USB 2 port', disk, 'x.0', '2', { speed: 'high' }],
    ['on a bus that is not there', disk, 'x', '1', { refused: 'no-such-bus' }],
    ['on a port that is not there', disk, 'x.0', '3', { refused: 'no-such-port' }],
    ['on a port in another spelling', disk, 'x.0', '01', { refused: 'no-such-port' }],
    ['on no port', disk, 'x.0', '', { refused: 'no-such-port' }],
    ['slow, on a SuperSpeed port', { mask: FULL }, 's.0', '1', { refused: 'speed-mismatch' }],
    ['a hub on a bare EHCI', hub(8), 'e.0', '1', { refused: 'speed-mismatch' }],
    ['a hub of nine ports', hub(9), 'x.0', '1', { refused: 'hub-size' }],
    ['a hub of nine ports where none can be', hub(9), 'e.0', '1', { refused: 'hub-size' }],
    ['one that attaches nowhere', { mask: 0 }, 'x.0', '1', { refused: 'speed-mismatch' }],
  ] as const)('%s', (_, device, bus, port, outcome) => {
    expect(predictDevice(VM, device, bus, port)).toEqual(outcome);
  });

  test('a port in use is not looked at further', () => {
    const used = withDevice(VM, 's.0', { id: 'd', driver: 'usb-storage', port: '1' });
    expect(predictDevice(used, { mask: FULL }, 's.0', '1')).toEqual({ refused: 'port-in-use' });
  });

  test('five hubs in a chain, and a device behind them', () => {
    let chained = VM;
    let port = '1';
    for (let n = 1; n <= 5; n++) {
      expect(predictDevice(chained, hub(1), 'x.0', port)).toEqual({ speed: 'full' });
      chained = withHub(chained, 'x.0', { id: `h${n}`, port, ports: 1 });
      port = `${port}.1`;
    }
    expect(predictDevice(chained, hub(1), 'x.0', port)).toEqual({ refused: 'hub-too-deep' });
    expect(predictDevice(chained, hub(0), 'x.0', port)).toEqual({ refused: 'hub-size' });
    expect(predictDevice(chained, { mask: FULL }, 'x.0', port)).toEqual({ speed: 'full' });
  });
});

describe('a controller plugged into a running machine', () => {
  const spec = (more: Partial<ControllerSpec>): ControllerSpec => ({
    id: 'n',
    model: 'qemu-xhci',
    pciBus: 'pci.0',
    ...more,
  });

  test.each([
    ['where it fits', spec({}), undefined],
    ['where there is no such slot', spec({ pciBus: 'rp1' }), 'no-hotplug-slot'],
    ['of a model that is not for it', spec({ model: 'pci-ohci' }), 'not-hot-pluggable'],
    ['with an id that is in use', spec({ id: 'e' }), 'id-in-use'],
    ['with ports that it has not', spec({ model: 'usb-ehci', p2: 4 }), 'no-such-property'],
  ])('%s', (_, asked, refused) => {
    expect(refusesController(VM, asked)).toBe(refused);
  });

  test('QEMU 10 looks for the bus before it looks at the model', () => {
    const asked = spec({ model: 'pci-ohci', pciBus: 'rp1' });
    expect(refusesController(VM, asked)).toBe('not-hot-pluggable');
    expect(refusesController({ ...VM, version: { ...VERSION, major: 10 } }, asked)).toBe('no-hotplug-slot');
  });
});

describe('controllers on a command line', () => {
  const ehci: ControllerSpec = { id: 'e', model: 'ich9-usb-ehci1' };
  const uhci = (more: Partial<ControllerSpec> = {}): ControllerSpec => ({
    id: 'u',
    model: 'ich9-usb-uhci1',
    masterbus: 'e.0',
    ...more,
  });
  const at = (address: string, more: Partial<ControllerSpec> = {}): ControllerSpec => ({
    id: address,
    model: 'qemu-xhci',
    pciBus: 'pcie.0',
    address,
    ...more,
  });

  test.each<[string, ControllerSpec[], string | undefined]>([
    ['a companion after its EHCI', [ehci, uhci()], undefined],
    ['a companion before it', [uhci(), ehci], 'no-such-masterbus'],
    ['a companion of what takes none', [{ id: 'e', model: 'usb-ehci' }, uhci()], 'masterbus-takes-none'],
    ['a companion of a companion', [ehci, uhci(), uhci({ id: 'v', masterbus: 'u.0' })], 'no-such-masterbus'],
    ['the last first port', [ehci, uhci({ firstport: 4 })], undefined],
    ['a first port too high', [ehci, uhci({ firstport: 5 })], 'firstport-too-high'],
    ['companions side by side', [ehci, uhci({ firstport: 1 }), uhci({ id: 'v', firstport: 3 })], undefined],
    [
      'companions over each other',
      [ehci, uhci({ firstport: 1 }), uhci({ id: 'v', firstport: 2 })],
      'port-has-companion',
    ],
    ['one OHCI for all', [ehci, uhci({ model: 'pci-ohci', numPorts: 6 })], undefined],
    [
      'an OHCI without ports over another',
      [ehci, uhci(), uhci({ id: 'o', model: 'pci-ohci', numPorts: 0, firstport: 1 })],
      undefined,
    ],
    ['an OHCI of 16', [{ id: 'o', model: 'pci-ohci', numPorts: 16 }], 'too-many-ports'],
    ['a PIIX that would be a companion', [ehci, uhci({ model: 'piix3-usb-uhci' })], 'no-such-property'],
    ['one id twice', [ehci, { id: 'e', model: 'qemu-xhci' }], 'id-in-use'],
    ['one address twice', [at('5.0'), at('5', { id: 'b' })], 'address-in-use'],
    ['a function beside a single one', [at('5.0'), at('5.1')], 'single-function'],
    ['a single function beside another', [at('5.1'), at('5.0')], 'single-function'],
    ['functions of one slot', [at('5.7'), at('5.0', { multifunction: true }), at('5.1')], undefined],
    ['the same address on two buses', [at('5.0'), at('5.0', { id: 'b', pciBus: 'pci.1' })], undefined],
  ])('%s', (_, specs, refused) => {
    expect(firstRefused(specs)?.refused).toBe(refused);
  });

  test("the machine's own EHCI has its companions", () => {
    const board = [{ bus: 'usb-bus.0', model: 'ich9-usb-ehci1' }];
    const asked = uhci({ masterbus: 'usb-bus.0', firstport: 2 });
    expect(firstRefused([ehci, asked], board)).toEqual({ spec: asked, refused: 'port-has-companion' });
    expect(firstRefused([asked], [])?.refused).toBe('no-such-masterbus');
  });
});
