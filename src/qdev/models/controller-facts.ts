import { FULL, HIGH, LOW, type SpeedMask, SUPER } from '../speed.js';
import type { RootPort } from '../topology.js';

/**
 * What decides a controller's ports. `xhci`: its properties p2 and p3. `ohci`: its property num-ports. `fixed`: the model, which always
 * has `count` ports, all with the same mask.
 */
export type PortRule =
  | { readonly rule: 'xhci' }
  | { readonly rule: 'ohci' }
  | { readonly rule: 'fixed'; readonly count: number; readonly mask: SpeedMask };

/** What QEMU's source says about one USB controller type. */
export interface ControllerFacts {
  readonly model: string;
  /** USB generation: 1 OHCI and UHCI, 2 EHCI and dwc2, 3 xHCI. */
  readonly generation: 1 | 2 | 3;
  /** `pcie`: fits conventional PCI too. `sysbus`: part of a board. */
  readonly attachesTo: 'pcie' | 'pci' | 'sysbus';
  /** Whether `-device` takes it. */
  readonly creatable: boolean;
  /** Whether `device_add` takes it on a bus that can hot-plug. */
  readonly hotpluggable: boolean;
  /** EHCI: whether companion controllers may serve the slower devices on its ports. */
  readonly takesCompanions: boolean;
  /** UHCI and OHCI: whether it can be a companion (`masterbus`). A companion has no bus of its own. */
  readonly canBeCompanion: boolean;
  readonly ports: PortRule;
  /** xHCI: how many devices, hubs included, a guest can number on it (include/hw/usb/xhci.h, XHCI_MAXSLOTS). */
  readonly slots?: number | undefined;
}

/** The port properties of any controller, as given or as read back. */
export interface PortProperties {
  readonly p2?: number | undefined;
  readonly p3?: number | undefined;
  readonly numPorts?: number | undefined;
}

/** QEMU's default, and the most that its property `slots` takes; qemu-xhci has no such property. */
const XHCI_SLOTS = 64;

const USB1: SpeedMask = LOW | FULL;
const XHCI: PortRule = { rule: 'xhci' };
const OHCI: PortRule = { rule: 'ohci' };
const UHCI: PortRule = { rule: 'fixed', count: 2, mask: USB1 };
const fixed = (count: number, mask: SpeedMask): PortRule => ({ rule: 'fixed', count, mask });

type Traits = Partial<Omit<ControllerFacts, 'model' | 'generation' | 'attachesTo' | 'ports' | 'slots'>>;

function facts(
  model: string,
  generation: 1 | 2 | 3,
  attachesTo: ControllerFacts['attachesTo'],
  ports: PortRule,
  traits: Traits = {},
): ControllerFacts {
  const onPci = attachesTo !== 'sysbus';
  return {
    model,
    generation,
    attachesTo,
    creatable: onPci,
    hotpluggable: onPci,
    takesCompanions: false,
    canBeCompanion: false,
    ports,
    slots: generation === 3 ? XHCI_SLOTS : undefined,
    ...traits,
  };
}

const board = (model: string, generation: 1 | 2 | 3, ports: PortRule, traits: Traits = {}): ControllerFacts =>
  facts(model, generation, 'sysbus', ports, traits);

/** hw/usb/hcd-ehci.h: NB_PORTS; its sysbus kinds set their own (hw/usb/hcd-ehci-sysbus.c, portnr). */
const EHCI = fixed(6, HIGH);
const EHCI_ONE = fixed(1, HIGH);
const ICH9_EHCI: Traits = { hotpluggable: false, takesCompanions: true };
const ICH9_UHCI: Traits = { hotpluggable: false, canBeCompanion: true };

const ALL: readonly ControllerFacts[] = [
  // hw/usb/hcd-xhci-pci.c, hcd-xhci-nec.c
  facts('qemu-xhci', 3, 'pcie', XHCI),
  facts('nec-usb-xhci', 3, 'pcie', XHCI),
  // hw/usb/hcd-ehci-pci.c: only the ICH9 ones set companion_enable
  facts('usb-ehci', 2, 'pci', EHCI),
  facts('ich9-usb-ehci1', 2, 'pci', EHCI, ICH9_EHCI),
  facts('ich9-usb-ehci2', 2, 'pci', EHCI, ICH9_EHCI),
  // hw/usb/hcd-uhci.c: the ICH9 ones are marked not hot-pluggable and have masterbus
  ...[1, 2, 3, 4, 5, 6].map((n) => facts(`ich9-usb-uhci${n}`, 1, 'pci', UHCI, ICH9_UHCI)),
  facts('piix3-usb-uhci', 1, 'pci', UHCI),
  facts('piix4-usb-uhci', 1, 'pci', UHCI),
  facts('vt82c686b-usb-uhci', 1, 'pci', UHCI, { creatable: false, hotpluggable: false }),
  // hw/usb/hcd-ohci-pci.c
  facts('pci-ohci', 1, 'pci', OHCI, { hotpluggable: false, canBeCompanion: true }),
  // hw/usb/pc87560-ohci.c: part of a PA-RISC board, in QEMU after 11.1
  facts('pc87560-ohci', 1, 'pci', OHCI, { creatable: false, hotpluggable: false, canBeCompanion: true }),
  // Boards: hw/usb/hcd-xhci-sysbus.c, hcd-ehci-sysbus.c, hcd-ohci-sysbus.c, chipidea.c, hcd-dwc2.c, tusb6010.c
  board('sysbus-xhci', 3, XHCI),
  board('platform-ehci-usb', 2, EHCI),
  board('exynos4210-ehci-usb', 2, EHCI),
  board('aw-h3-ehci-usb', 2, EHCI),
  board('tegra2-ehci-usb', 2, EHCI),
  board('ppc4xx-ehci-usb', 2, EHCI, { takesCompanions: true }),
  board('npcm7xx-ehci-usb', 2, EHCI_ONE),
  board('fusbh200-ehci-usb', 2, EHCI_ONE),
  board('usb-chipidea', 2, EHCI_ONE),
  board('sysbus-ohci', 1, OHCI, { canBeCompanion: true }),
  board('dwc2-usb', 2, fixed(1, LOW | FULL | HIGH)),
  board('tusb6010', 1, fixed(1, USB1)),
];

const BY_MODEL: ReadonlyMap<string, ControllerFacts> = new Map(ALL.map((one) => [one.model, one]));

/** @returns the facts of a QOM type, or undefined when it is no USB controller that qplug knows */
export function controllerModel(model: string): ControllerFacts | undefined {
  return BY_MODEL.get(model);
}

/** @returns every controller type that qplug knows, those of boards included */
export function controllerModels(): readonly ControllerFacts[] {
  return ALL;
}

/** QEMU's xHCI silently clamps p2 and p3 to 15 (hw/usb/hcd-xhci.c). A count below 0 makes no sense, so it counts as 0. */
function clampPorts(count: number | undefined, standard: number): number {
  return Math.max(0, Math.min(15, Math.trunc(count ?? standard)));
}

/**
 * The ports of a root hub. An xHCI pairs its USB 2 port i with its USB 3 port i, so it has max(p2, p3) ports, not the sum.
 * A port above p2 takes only SuperSpeed, a port above p3 takes only low, full and high speed (hw/usb/hcd-xhci.c, xhci_lookup_uport).
 *
 * @param properties - those left out have QEMU's defaults: p2=4, p3=4, num-ports=3
 */
export function rootPorts(facts: ControllerFacts, properties: PortProperties = {}): RootPort[] {
  const { ports } = facts;
  const list = (count: number, mask: (port: number) => SpeedMask): RootPort[] =>
    Array.from({ length: count }, (_, i) => ({ port: i + 1, mask: mask(i + 1) }));
  switch (ports.rule) {
    case 'xhci': {
      const p2 = clampPorts(properties.p2, 4);
      const p3 = clampPorts(properties.p3, 4);
      return list(Math.max(p2, p3), (n) => (n <= p2 ? USB1 | HIGH : 0) | (n <= p3 ? SUPER : 0));
    }
    case 'ohci':
      return list(clampPorts(properties.numPorts, 3), () => USB1);
    case 'fixed':
      return list(ports.count, () => ports.mask);
  }
}
