import type { ControllerSpec } from '../device-spec.js';
import { busOf, controllerModel, controllerPorts } from '../models/index.js';
import type { Topology } from '../topology.js';
import { atLeast } from '../version.js';

/** Why QEMU refuses a controller, in the order in which it looks. */
export type ControllerRefusal =
  /** `device_add` cannot create it once the machine is made (system/qdev-monitor.c). */
  | 'not-hot-pluggable'
  /** No such PCI bus, one without hot plug, or one that is full. */
  | 'no-hotplug-slot'
  | 'id-in-use'
  /** The model has no such property: `masterbus` or `firstport` on one that cannot be a companion, or a port count of another model. */
  | 'no-such-property'
  /** Another controller has this PCI address (hw/pci/pci.c). */
  | 'address-in-use'
  /** A function beside a function 0 that has no `multifunction=on` (hw/pci/pci.c, pci_init_multifunction). */
  | 'single-function'
  /** pci-ohci with more than 15 (hw/usb/hcd-ohci.c). */
  | 'too-many-ports'
  /** No USB bus has the name in `masterbus`, or none has it yet (hw/usb/bus.c, usb_register_companion). */
  | 'no-such-masterbus'
  | 'masterbus-takes-none'
  /** More ports from `firstport` on than the EHCI has (hw/usb/hcd-ehci.c, ehci_register_companion). */
  | 'firstport-too-high'
  | 'port-has-companion';

/** hw/usb/hcd-ohci.h: OHCI_MAX_PORTS. An xHCI takes any number, and makes 15 ports when it is higher. */
const OHCI_MAX_PORTS = 15;

/**
 * At least up to 7.2 QEMU looks at the model first; from 10.0 on it looks at the bus first.
 *
 * @returns why QEMU refuses a controller while the machine runs; undefined when it takes it. qplug does not count a root port in use
 *   as a slot: QEMU 7.2 takes a second controller there, but at an address where no guest looks for it.
 */
export function refusesController(topology: Topology, spec: ControllerSpec): ControllerRefusal | undefined {
  const hasSlot = topology.hotplug.some(({ bus, capacity }) => bus === spec.pciBus && capacity > 0);
  if (!hasSlot && atLeast(topology.version, 10, 0)) return 'no-hotplug-slot';
  if (controllerModel(spec.model)?.hotpluggable !== true) return 'not-hot-pluggable';
  if (!hasSlot) return 'no-hotplug-slot';
  return topology.ids.has(spec.id) ? 'id-in-use' : refusesProperties(spec);
}

/**
 * Checks the controllers of a command line, in the order of creation.
 *
 * @param board - the machine's own USB controllers; an EHCI among them has its companions
 * @returns the first that QEMU refuses, which ends QEMU; undefined when it takes all
 */
export function firstRefused(
  specs: readonly ControllerSpec[],
  board: readonly { readonly bus: string; readonly model: string }[] = [],
): { readonly spec: ControllerSpec; readonly refused: ControllerRefusal } | undefined {
  for (const [i, spec] of specs.entries()) {
    const refused = refusesAtLaunch(spec, specs.slice(0, i), board);
    if (refused !== undefined) return { spec, refused };
  }
  return undefined;
}

function refusesAtLaunch(
  spec: ControllerSpec,
  before: readonly ControllerSpec[],
  board: readonly { readonly bus: string; readonly model: string }[],
): ControllerRefusal | undefined {
  if (before.some(({ id }) => id === spec.id)) return 'id-in-use';
  return (
    refusesProperties(spec) ??
    refusesAddress(spec, before) ??
    ((spec.numPorts ?? 0) > OHCI_MAX_PORTS ? 'too-many-ports' : undefined) ??
    refusesCompanion(spec, before, board)
  );
}

function refusesProperties({ model, p2, p3, numPorts, masterbus, firstport }: ControllerSpec) {
  const facts = controllerModel(model);
  const wrong =
    ((p2 !== undefined || p3 !== undefined) && facts?.ports.rule !== 'xhci') ||
    (numPorts !== undefined && facts?.ports.rule !== 'ohci') ||
    ((masterbus !== undefined || firstport !== undefined) && facts?.canBeCompanion !== true);
  return wrong ? ('no-such-property' as const) : undefined;
}

/** Slot and function of `1d.7`; a bare slot is function 0. */
function functionOf(address: string): { slot: number; fn: number } {
  const [slot = '', fn = '0'] = address.split('.');
  return { slot: Number.parseInt(slot, 16), fn: Number.parseInt(fn, 16) };
}

function refusesAddress(spec: ControllerSpec, before: readonly ControllerSpec[]) {
  if (spec.address === undefined) return undefined;
  const { slot, fn } = functionOf(spec.address);
  const there = before.flatMap(({ address, pciBus, multifunction }) =>
    address === undefined || pciBus !== spec.pciBus
      ? []
      : [{ ...functionOf(address), multifunction: multifunction === true }],
  );
  const beside = there.filter((one) => one.slot === slot);
  if (beside.some((one) => one.fn === fn)) return 'address-in-use' as const;
  const first = beside.find((one) => one.fn === 0);
  const alone = fn === 0 ? beside.length > 0 && spec.multifunction !== true : first?.multifunction === false;
  return alone ? ('single-function' as const) : undefined;
}

function refusesCompanion(
  spec: ControllerSpec,
  before: readonly ControllerSpec[],
  board: readonly { readonly bus: string; readonly model: string }[],
): ControllerRefusal | undefined {
  if (spec.masterbus === undefined) return undefined;
  const master = [
    ...board,
    ...before.flatMap(({ id, model, masterbus }) => (masterbus === undefined ? [{ bus: busOf(id), model }] : [])),
  ].find(({ bus }) => bus === spec.masterbus);
  if (master === undefined) return 'no-such-masterbus';
  const facts = controllerModel(master.model);
  if (facts?.takesCompanions !== true) return 'masterbus-takes-none';
  const [from, count] = [spec.firstport ?? 0, controllerPorts(spec).length];
  const there = facts.ports.rule === 'fixed' ? facts.ports.count : 0;
  if (from + count > there) return 'firstport-too-high';
  if (count === 0) return undefined;
  // The board's own EHCI comes with companions on all its ports.
  const taken =
    board.some(({ bus }) => bus === spec.masterbus) ||
    before.some((other) => {
      const first = other.firstport ?? 0;
      return other.masterbus === spec.masterbus && from < first + controllerPorts(other).length && first < from + count;
    });
  return taken ? 'port-has-companion' : undefined;
}
