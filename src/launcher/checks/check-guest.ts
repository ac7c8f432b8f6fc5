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
 * Checks a VM file as a whole: its machine, controllers that the machine can't have, pins, and conflicts in `qemu.args`. It is the
 * `checkGuest` of `loadVmFile`.
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

/** x86 has few machine names, so an unknown name close to one of them is a typo. QEMU itself checks the others. */
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

/** The companions of an ICH9 group have their own ids, which the file may use elsewhere. */
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

/** @returns every id of the command line that qplug writes: `growControllers` and hotplug must not use them again */
export function takenIds(vm: VmFile): Set<string> {
  return ownIds(vm, chooseControllers(vm));
}
