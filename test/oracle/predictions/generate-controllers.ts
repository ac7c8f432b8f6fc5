import { busOf, type ControllerModel, type ControllerSpec, ich9Group } from '../../../src/qdev/index.js';
import type { OracleCase } from './case.js';
import type { Random } from './random.js';

const XHCI = ['qemu-xhci', 'nec-usb-xhci'] as const;
const UHCI_COMPANIONS: readonly ControllerModel[] = [1, 2, 3, 4, 5, 6].map(
  (n) => `ich9-usb-uhci${n}` as ControllerModel,
);
const EHCI_PORTS = 6;

type Place = Pick<ControllerSpec, 'pciBus' | 'address' | 'multifunction'>;

/** Hands out PCI slots that neither machine uses itself. */
class Slots {
  #next = 4;
  readonly pciBus: string;

  constructor(machine: OracleCase['machine']) {
    this.pciBus = machine === 'pc' ? 'pci.0' : 'pcie.0';
  }

  number(): number {
    return this.#next++;
  }

  place(): Place {
    return { pciBus: this.pciBus, address: `${this.number().toString(16)}.0` };
  }
}

/** @returns the port properties of an xHCI: equal, unequal, none, left out, and above its limit */
export function xhciPorts(random: Random): Pick<ControllerSpec, 'p2' | 'p3'> {
  const count = (): number | undefined =>
    random.weighted([
      [6, random.int(1, 4)],
      [3, random.int(5, 15)],
      [2, 0],
      [1, random.int(16, 20)],
      [1, undefined],
    ]);
  const p2 = count();
  const p3 = random.chance(0.3) ? p2 : count();
  return { ...(p2 === undefined ? {} : { p2 }), ...(p3 === undefined ? {} : { p3 }) };
}

/** @returns the controllers of a command line; in one case of ten something is wrong with them */
export function controllers(random: Random, machine: OracleCase['machine'], board: boolean): ControllerSpec[] {
  const slots = new Slots(machine);
  const count = random.weighted([
    [board ? 2 : 0, 0],
    [5, 1],
    [4, 2],
    [2, 3],
    [1, 4],
  ]);
  const specs = Array.from({ length: count }, (_, i) => oneOrGroup(random, slots, `c${i + 1}`)).flat();
  return random.chance(0.1) ? spoil(random, specs, slots, board) : specs;
}

function oneOrGroup(random: Random, slots: Slots, id: string): ControllerSpec[] {
  const kind = random.weighted([
    [8, 'xhci'],
    [2, 'ehci'],
    [2, 'bare ich9'],
    [3, 'ich9 group'],
    [3, 'part of a group'],
    [2, 'ohci companion'],
    [2, 'uhci'],
    [1, 'lone companion'],
    [2, 'ohci'],
  ] as const);
  switch (kind) {
    case 'xhci':
      return [{ id, model: random.pick(XHCI), ...xhciPorts(random), ...slots.place() }];
    case 'ehci':
      return [{ id, model: 'usb-ehci', ...slots.place() }];
    case 'bare ich9':
      return [{ id, model: random.pick(['ich9-usb-ehci1', 'ich9-usb-ehci2']), ...slots.place() }];
    case 'ich9 group':
      return ich9Group(id, { pciBus: slots.pciBus, slot: slots.number(), second: random.chance(0.4) });
    case 'part of a group':
      return partOfGroup(random, slots, id);
    case 'ohci companion': {
      const numPorts = random.int(0, EHCI_PORTS);
      return [
        { id, model: random.pick(['ich9-usb-ehci1', 'ich9-usb-ehci2']), ...slots.place() },
        {
          id: `${id}-ohci`,
          model: 'pci-ohci',
          numPorts,
          masterbus: busOf(id),
          firstport: random.int(0, EHCI_PORTS - numPorts),
          ...slots.place(),
        },
      ];
    }
    case 'uhci':
      return [{ id, model: random.pick(['piix3-usb-uhci', 'piix4-usb-uhci']), ...slots.place() }];
    case 'lone companion':
      return [{ id, model: random.pick(UHCI_COMPANIONS), ...slots.place() }];
    case 'ohci':
      return [
        { id, model: 'pci-ohci', ...(random.chance(0.7) ? { numPorts: random.int(0, 15) } : {}), ...slots.place() },
      ];
  }
}

/** An EHCI with one or two UHCIs, at any free first port, odd ones too. */
function partOfGroup(random: Random, slots: Slots, id: string): ControllerSpec[] {
  const slot = slots.number();
  const [first, ...rest] = ich9Group(id, { pciBus: slots.pciBus, slot, second: random.chance(0.4) });
  if (first === undefined) return [];
  const firsts = random.pick([[0], [1], [2], [3], [4], [0, 2], [0, 3], [0, 4], [1, 3], [1, 4], [2, 4]]);
  const chosen = random.shuffle(rest).slice(0, firsts.length);
  // The guest needs function 0, QEMU does not.
  return [first, ...chosen.map((spec, i) => ({ ...spec, firstport: firsts[i] ?? 0 }))];
}

/** Makes a command line that QEMU ends with an error. */
function spoil(random: Random, specs: ControllerSpec[], slots: Slots, board: boolean): ControllerSpec[] {
  const ehci: ControllerSpec = { id: 'e', model: 'ich9-usb-ehci1', ...slots.place() };
  const companion = (more: Partial<ControllerSpec>): ControllerSpec => ({
    id: 'k',
    model: random.pick(UHCI_COMPANIONS),
    masterbus: 'e.0',
    ...slots.place(),
    ...more,
  });
  const ohci = (more: Partial<ControllerSpec>): ControllerSpec => companion({ model: 'pci-ohci', ...more });
  const place = slots.place();
  const wrong = random.pick<readonly ControllerSpec[]>([
    [ehci, companion({ firstport: random.int(5, 9) })],
    [ehci, companion({ firstport: 1 }), companion({ id: 'l', firstport: random.int(0, 2), ...slots.place() })],
    [ehci, ohci({ numPorts: random.int(4, 6), firstport: random.int(3, 6) })],
    [ehci, ohci({ numPorts: 6 }), companion({ id: 'l', firstport: random.int(0, 4), ...slots.place() })],
    [{ id: 'c', model: 'pci-ohci', numPorts: random.int(16, 20), ...place }],
    [companion({}), ehci],
    [companion({ masterbus: 'e' }), ehci],
    [{ id: 'e', model: random.pick(['qemu-xhci', 'usb-ehci', 'piix4-usb-uhci', 'pci-ohci']), ...place }, companion({})],
    [{ id: 'c', model: 'piix3-usb-uhci', masterbus: 'e.0', ...place }],
    [{ id: 'c', model: random.pick(['usb-ehci', 'pci-ohci']), p2: 3, ...place }],
    [{ id: 'c', model: 'qemu-xhci', numPorts: 3, ...place }],
    [
      { id: 'c', model: 'qemu-xhci', ...place },
      { id: 'd', model: 'usb-ehci', ...place },
    ],
    [
      { id: 'c', model: 'qemu-xhci', ...place },
      { id: 'c', model: 'usb-ehci', ...slots.place() },
    ],
    [
      { id: 'c', model: 'qemu-xhci', ...place },
      { id: 'd', model: 'usb-ehci', ...place, address: place.address?.replace('.0', '.3') },
    ],
    [
      { id: 'd', model: 'usb-ehci', ...place, address: place.address?.replace('.0', '.3') },
      { id: 'c', model: 'qemu-xhci', ...place },
    ],
    ...(board ? [[companion({ masterbus: 'usb-bus.0', firstport: random.int(0, 5) })]] : []),
  ]);
  return [...specs, ...wrong];
}
