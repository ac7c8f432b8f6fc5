import type { ControllerModel, ControllerSpec } from '../device-spec.js';
import { FULL, LOW } from '../speed.js';
import type { Controller, RootPort } from '../topology.js';
import { controllerModel, rootPorts } from './controller-facts.js';

/** The controllers that `-device` takes, as QEMU names them. */
export const CONTROLLER_MODELS: readonly ControllerModel[] = [
  'qemu-xhci',
  'nec-usb-xhci',
  'usb-ehci',
  'ich9-usb-ehci1',
  'ich9-usb-ehci2',
  'ich9-usb-uhci1',
  'ich9-usb-uhci2',
  'ich9-usb-uhci3',
  'ich9-usb-uhci4',
  'ich9-usb-uhci5',
  'ich9-usb-uhci6',
  'piix3-usb-uhci',
  'piix4-usb-uhci',
  'pci-ohci',
];

/**
 * Other names for controllers: those of libvirt and OpenStack Nova, and the bare kinds. QEMU itself has none.
 * The names that are QEMU's own are not listed.
 */
export const CONTROLLER_ALIASES: Readonly<Record<string, ControllerModel>> = {
  xhci: 'qemu-xhci',
  'nec-xhci': 'nec-usb-xhci',
  ehci: 'usb-ehci',
  'ich9-ehci1': 'ich9-usb-ehci1',
  'ich9-ehci2': 'ich9-usb-ehci2',
  'ich9-uhci1': 'ich9-usb-uhci1',
  'ich9-uhci2': 'ich9-usb-uhci2',
  'ich9-uhci3': 'ich9-usb-uhci3',
  'ich9-uhci4': 'ich9-usb-uhci4',
  'ich9-uhci5': 'ich9-usb-uhci5',
  'ich9-uhci6': 'ich9-usb-uhci6',
  uhci: 'piix3-usb-uhci',
  'piix3-uhci': 'piix3-usb-uhci',
  'piix4-uhci': 'piix4-usb-uhci',
  ohci: 'pci-ohci',
};

/** @returns QEMU's name of a controller that `-device` takes, from that name or an alias; undefined for any other word */
export function resolveControllerModel(name: string): ControllerModel | undefined {
  const own = CONTROLLER_MODELS.find((model) => model === name);
  if (own !== undefined) return own;
  return Object.hasOwn(CONTROLLER_ALIASES, name) ? CONTROLLER_ALIASES[name] : undefined;
}

/** @returns the ports that a controller will have, companions not yet counted in; see `rootPorts` */
export function controllerPorts(spec: Pick<ControllerSpec, 'model' | 'p2' | 'p3' | 'numPorts'>): RootPort[] {
  const facts = controllerModel(spec.model);
  return facts === undefined ? [] : rootPorts(facts, spec);
}

/** One companion of an EHCI controller: which of its ports it serves. */
export interface Companion {
  /** Counted from 0, as QEMU's property. */
  readonly firstport: number;
  readonly count: number;
}

/**
 * The ports of an EHCI controller with companions: a port that a companion serves takes low and full speed as well
 * (hw/usb/hcd-ehci.c, ehci_register_companion).
 */
export function withCompanions(ports: readonly RootPort[], companions: readonly Companion[]): RootPort[] {
  return ports.map(({ port, mask }) => {
    const served = companions.some(({ firstport, count }) => port > firstport && port <= firstport + count);
    return { port, mask: served ? mask | LOW | FULL : mask };
  });
}

/**
 * Predicts the controllers that QEMU makes from a list. A companion has no bus of its own: it widens the masks of its EHCI's ports.
 * A companion that QEMU refuses widens nothing. QEMU refuses it when its `masterbus` is not the bus of a controller in the list or
 * takes no companions, when it reaches beyond the EHCI's last port, or when one of its ports has a companion already
 * (hw/usb/hcd-ehci.c, ehci_register_companion).
 *
 * @param specs - in the order of creation
 */
export function predictControllers(specs: readonly ControllerSpec[]): Controller[] {
  return specs
    .filter((spec) => spec.masterbus === undefined)
    .map((spec) => {
      const ports = controllerPorts(spec);
      const takesCompanions = controllerModel(spec.model)?.takesCompanions === true;
      const companions = specs
        .filter((other) => takesCompanions && other.masterbus === busOf(spec.id))
        .filter((other) => controllerModel(other.model)?.canBeCompanion === true)
        .map((other) => ({ firstport: other.firstport ?? 0, count: controllerPorts(other).length }));
      return {
        bus: busOf(spec.id),
        id: spec.id,
        model: spec.model,
        qomPath: undefined,
        ports: withCompanions(ports, acceptedCompanions(companions, ports.length)),
        slots: controllerModel(spec.model)?.slots,
        known: controllerModel(spec.model) !== undefined,
        devices: [],
      };
    });
}

/** @returns the companions that fit on the EHCI's ports and share no port with one accepted before them */
function acceptedCompanions(companions: readonly Companion[], portCount: number): Companion[] {
  const accepted: Companion[] = [];
  for (const one of companions) {
    const end = one.firstport + one.count;
    const overlaps = accepted.some((other) => one.firstport < other.firstport + other.count && other.firstport < end);
    if (end <= portCount && !overlaps) accepted.push(one);
  }
  return accepted;
}

/** @returns the name of the USB bus that a controller with this id makes (hw/core/bus.c) */
export function busOf(id: string): string {
  return `${id}.0`;
}

/** Where an ICH9 group goes. */
export interface Ich9Place {
  /** `pci.0` or `pcie.0`. */
  readonly pciBus: string;
  /** PCI slot (device number), 0–31, all of whose functions it takes. QEMU's own `-usb` uses 0x1d, and 0x1a for a second. */
  readonly slot: number;
  /** The second group of the chip: ehci2 with uhci4 to uhci6. */
  readonly second?: boolean | undefined;
}

/**
 * An ICH9 EHCI controller with its three companions, in one PCI slot: six ports for 1.5, 12 and 480 Mb/s, on the bus `${id}.0`
 * (docs/config/ich9-ehci-uhci.cfg in QEMU). QEMU needs `multifunction` on function 0 and accepts it on the others (hw/pci/pci.c,
 * pci_init_multifunction), so all four have it, as in that file.
 *
 * @returns the four, in the order in which QEMU must create them: a companion looks up its `masterbus`
 */
export function ich9Group(id: string, { pciBus, slot, second = false }: Ich9Place): ControllerSpec[] {
  const place = (fn: number) => ({ pciBus, address: `${slot.toString(16)}.${fn}`, multifunction: true });
  const models: readonly ControllerModel[] = second
    ? ['ich9-usb-uhci4', 'ich9-usb-uhci5', 'ich9-usb-uhci6']
    : ['ich9-usb-uhci1', 'ich9-usb-uhci2', 'ich9-usb-uhci3'];
  return [
    { id, model: second ? 'ich9-usb-ehci2' : 'ich9-usb-ehci1', ...place(7) },
    ...models.map((model, i) => ({
      id: `${id}-uhci${i + 1}`,
      model,
      masterbus: busOf(id),
      firstport: i * 2,
      ...place(i),
    })),
  ];
}
