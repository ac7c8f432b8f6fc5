import { basename } from 'node:path';
import type { VmFile } from '../../config/index.js';
import { type Finding, finding, nearest } from '../../diag/index.js';
import {
  chooseControllers,
  machineBoard,
  machineModel,
  ownIds,
  predictBuses,
  unplacedControllers,
  X86_MACHINES,
} from '../command-line/index.js';
import { checkArgs } from './check-args.js';
import { checkPins } from './check-pins.js';

/**
 * What is wrong with a VM file as a whole, seen from its command line: its machine, controllers that the machine can't have,
 * pins, and `qemu.args` that clash. Made to be the `checkGuest` of `loadVmFile`.
 */
export function checkGuest(vm: VmFile): Finding[] {
  const controllers = chooseControllers(vm);
  return [
    ...checkMachine(vm),
    ...checkControllers(vm),
    ...checkDrives(vm),
    ...checkPins(vm, predictBuses(vm, controllers)),
    ...checkArgs(vm, controllers),
  ];
}

/** On x86 the names are few, so what is near one and is none is misspelt. Others QEMU itself will judge. */
function checkMachine(vm: VmFile): Finding[] {
  const name = vm.machine.split(',', 1)[0] ?? '';
  const isX86 = /^qemu-system-(x86_64|i386)$/.test(basename(vm.qemu.binary));
  if (!isX86 || machineModel(vm.machine).family !== 'other') return [];
  const meant = X86_MACHINES.includes(name) || name.startsWith('xenfv-') ? undefined : nearest(name, X86_MACHINES);
  if (meant === undefined) return [];
  return [finding('machine-unknown', { machine: name, nearest: meant }, { location: vm.locate(['machine']) })];
}

function checkControllers(vm: VmFile): Finding[] {
  const machine = machineModel(vm.machine);
  const wishes = vm.usb.controllers ?? [];
  const board = machine.family === 'microvm' ? undefined : machineBoard(vm);
  const noPci =
    machine.family === 'none' || (machine.family === 'microvm' && machine.pcie === false) || board?.pci === false;
  if (noPci) {
    return wishes.map(({ model, pointer }) =>
      finding('controller-needs-pci', { model, machine: vm.machine }, { location: vm.locate([...pointer, 'model']) }),
    );
  }
  const unplaced = unplacedControllers(vm).map(({ model, pointer }) =>
    finding('controller-no-slot', { model }, { location: vm.locate(pointer) }),
  );
  return [...unplaced, ...companionIds(vm)];
}

/** The companions of an ICH9 group have ids of their own, which the file may have given away. */
function companionIds(vm: VmFile): Finding[] {
  const named = new Map(
    [
      ...(vm.usb.controllers ?? []),
      ...vm.usb.hubs,
      ...vm.drives,
      ...vm.usb.devices.filter((wish) => wish.kind === 'emulated'),
    ].map(({ id, pointer }) => [id, pointer] as const),
  );
  return chooseControllers(vm).flatMap(({ id, masterbus }) => {
    const pointer = masterbus === undefined ? undefined : named.get(id);
    if (pointer === undefined) return [];
    return [finding('id-of-companion', { id, group: masterbus ?? '' }, { location: vm.locate([...pointer, 'id']) })];
  });
}

function checkDrives(vm: VmFile): Finding[] {
  const { family } = machineModel(vm.machine);
  const takesIde = ['pc', 'q35', 'other', 'none'].includes(family);
  return vm.drives
    .filter((drive) => drive.interface === 'ide' && !takesIde)
    .map((drive) =>
      finding(
        'drive-interface',
        { interface: drive.interface, machine: vm.machine },
        { location: vm.locate([...drive.pointer, 'interface']) },
      ),
    );
}

/** @returns every id of the command line that qplug writes: what `growControllers` and hot plug must not use again */
export function takenIds(vm: VmFile): Set<string> {
  return ownIds(vm, chooseControllers(vm));
}
