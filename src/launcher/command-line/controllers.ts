import type { ControllerWish, VmFile } from '../../config/index.js';
import {
  type Board,
  boardOf,
  type Controller,
  type ControllerModel,
  type ControllerSpec,
  controllerModel,
  ich9Group,
  predictBoard,
  predictControllers,
  type QemuVersion,
  resolveControllerModel,
} from '../../qdev/index.js';
import { type MachineModel, machineModel } from './machine.js';
import { parseQemuArgs, rootSlotsOf } from './qemu-args.js';
import { SlotPool, type SlotsBefore } from './slot-pool.js';

/** PCI slots for controllers: above those that QEMU assigns itself from 1 up, below those of chipsets. */
const SLOTS: readonly number[] = [
  0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x0f, 0x0e, 0x0d, 0x0c, 0x0b, 0x0a, 0x09, 0x08,
];

/** The slots of USB groups in the real chip (hw/usb/hcd-ehci-pci.c); if the board uses the first, the second is free. */
const ICH9_SLOTS: readonly number[] = [0x1d, 0x1a];

/** Slots for spare root ports. */
const ROOT_PORT_SLOTS: readonly number[] = [0x18, 0x19];

/** Maximum number of controllers that a plan may add at a start. */
const MAX_GROWTH = 4;

/** The port count of an xHCI that qplug adds: the maximum, since ports cost nothing. */
const XHCI_PORTS = 15;

/** A PCIe root port for hotplugging a controller. */
export interface PcieRootPort {
  /** qdev id, and the name of its bus. */
  readonly id: string;
  readonly address: string;
  readonly chassis: number;
}

/** @returns qplug's facts about the USB of a file's machine */
export function machineBoard(vm: VmFile, version?: QemuVersion): Board | undefined {
  return boardOf(vm.machine.split(',', 1)[0] ?? '', version);
}

/**
 * @returns whether USB is switched on: by `usb=on`, by `-usb`, or by qplug. qplug does so on a machine without PCI that has USB only
 *   on request, if the file has no `controllers`
 */
export function isUsbSwitchedOn(vm: VmFile, version?: QemuVersion): boolean {
  if (parseQemuArgs(vm.qemu.args).some(({ flag }) => flag === 'usb')) return true;
  const board = machineBoard(vm, version);
  return machineModel(vm.machine).usb ?? (board?.when === 'usb' && !board.pci && vm.usb.controllers === undefined);
}

/**
 * The controllers that QEMU creates with `-device`: those of the file. If the file has no `controllers`, the default is a `qemu-xhci` with
 * 15 ports and the id `xhci`; where USB is switched on, and on machines without PCI, it is the board's own (see `boardControllers`).
 * PCI addresses are fixed, because snapshots find devices by them (section names in migration/savevm.c).
 *
 * @param before - their slots at an earlier start, which they get again
 * @returns in the order of creation, with ICH9 groups expanded; without those that find no slot, which `checkGuest` reports
 */
export function chooseControllers(vm: VmFile, before: SlotsBefore = new Map()): ControllerSpec[] {
  const machine = machineModel(vm.machine);
  if (vm.usb.controllers !== undefined) return place(vm.usb.controllers, vm, machine, before);
  if (isUsbSwitchedOn(vm) || machine.family === 'none' || machineBoard(vm)?.pci === false) return [];
  return place(
    [{ id: 'xhci', model: 'qemu-xhci', ports: undefined, p2: XHCI_PORTS, p3: XHCI_PORTS, pointer: [] }],
    vm,
    machine,
    before,
  );
}

/** @returns the controllers of a file that find no PCI slot: 16 controllers and two ICH9 groups fit */
export function unplacedControllers(vm: VmFile): ControllerWish[] {
  const placed = new Set(chooseControllers(vm).map(({ id }) => id));
  return (vm.usb.controllers ?? []).filter(({ id }) => !placed.has(id));
}

function place(
  wishes: readonly ControllerWish[],
  vm: VmFile,
  { family, pciBus }: MachineModel,
  before: SlotsBefore,
): ControllerSpec[] {
  const slots = new SlotPool(SLOTS, before);
  const groupSlots = new SlotPool(isUsbSwitchedOn(vm) && family === 'q35' ? ICH9_SLOTS.slice(1) : ICH9_SLOTS, before);
  return wishes.flatMap((wish): ControllerSpec[] => {
    if (wish.model === 'ich9') {
      const slot = groupSlots.take(wish.id);
      return slot === undefined
        ? []
        : ich9Group(wish.id, { pciBus: pciBus ?? 'pci.0', slot, second: slot === ICH9_SLOTS[1] });
    }
    const model = resolveControllerModel(wish.model);
    const slot = slots.take(wish.id);
    if (model === undefined || slot === undefined) return [];
    return [{ id: wish.id, model, ...portProperties(wish, model), ...address(pciBus, slot) }];
  });
}

function portProperties(wish: ControllerWish, model: ControllerModel): Partial<ControllerSpec> {
  const rule = controllerModel(model)?.ports.rule;
  if (rule === 'xhci') return { p2: wish.p2 ?? XHCI_PORTS, p3: wish.p3 ?? XHCI_PORTS };
  return rule === 'ohci' && wish.ports !== undefined ? { numPorts: wish.ports } : {};
}

/** On an unknown machine QEMU chooses the bus and the slot. */
function address(pciBus: string | undefined, slot: number): Pick<ControllerSpec, 'pciBus' | 'address'> {
  return pciBus === undefined ? {} : { pciBus, address: `${slot.toString(16)}.0` };
}

/**
 * The further controllers that a plan may add before the VM starts.
 *
 * @param taken - other ids in use
 * @param before - their slots at an earlier start, which they get again
 * @returns up to four `qemu-xhci` with the ids `qplug-xhci1`, `qplug-xhci2` and so on, in slots that neither the file nor its `qemu.args`
 *   fill; none where the file forbids growth or the machine has no PCI
 */
export function growControllers(
  vm: VmFile,
  chosen: readonly ControllerSpec[],
  taken: ReadonlySet<string> = new Set(),
  before: SlotsBefore = new Map(),
): ControllerSpec[] {
  const machine = machineModel(vm.machine);
  if (!vm.usb.grow.controllers || machine.pciBus === undefined) return [];
  // A microvm without PCI keeps none.
  if (machine.family === 'microvm' && !needsPcie(vm, chosen)) return [];
  const used = new Set([...usedSlots(vm, chosen).keys(), ...rootSlotsOf(vm.qemu.args)]);
  const slots = new SlotPool(
    SLOTS.filter((slot) => !used.has(slot)),
    before,
  );
  const ids = Array.from({ length: MAX_GROWTH + taken.size }, (_, i) => `qplug-xhci${i + 1}`).filter(
    (id) => !taken.has(id),
  );
  return ids.slice(0, MAX_GROWTH).flatMap((id): ControllerSpec[] => {
    const slot = slots.take(id);
    if (slot === undefined) return [];
    return [{ id, model: 'qemu-xhci', p2: XHCI_PORTS, p3: XHCI_PORTS, ...address(machine.pciBus, slot) }];
  });
}

/** @returns whether a microvm has or needs its PCI bus */
export function needsPcie(vm: VmFile, controllers: readonly ControllerSpec[]): boolean {
  return machineModel(vm.machine).pcie ?? controllers.length > 0;
}

/**
 * The controllers of the machine itself. They have no id; their buses are `usb-bus.0` and on.
 *
 * @param version - QEMU's version; undefined for the facts of new versions
 */
export function boardControllers(vm: VmFile, version?: QemuVersion): Controller[] {
  return predictBoard(machineBoard(vm, version), isUsbSwitchedOn(vm, version));
}

/** @returns the USB controllers that QEMU will create for a VM file, without hubs and devices */
export function predictBuses(
  vm: VmFile,
  controllers: readonly ControllerSpec[] = chooseControllers(vm),
  version?: QemuVersion,
): Controller[] {
  return [...boardControllers(vm, version), ...predictControllers(controllers)];
}

/** @returns spare root ports for hotplugging controllers: two if the root bus has no hotplug */
export function spareRootPorts(vm: VmFile): PcieRootPort[] {
  const { family } = machineModel(vm.machine);
  if (!vm.usb.grow.controllers || (family !== 'q35' && family !== 'virt')) return [];
  return ROOT_PORT_SLOTS.map((slot, i) => ({
    id: `qplug-port${i + 1}`,
    address: `${slot.toString(16)}.0`,
    chassis: 201 + i,
  }));
}

/** @returns the PCI slots of the root bus that qplug fills */
export function usedSlots(vm: VmFile, controllers: readonly ControllerSpec[]): Map<number, string> {
  const places = [...controllers, ...spareRootPorts(vm)];
  return new Map(
    places.flatMap(({ id, address }) => (address === undefined ? [] : [[Number.parseInt(address, 16), id] as const])),
  );
}
