import type { Pointer, VmFile } from '../../config/index.js';
import { type Finding, finding } from '../../diag/index.js';
import { type Capabilities, mayHave, nearestController } from '../../qdev/index.js';
import { chooseControllers } from '../command-line/index.js';

/** @returns the device models to ask QEMU about before a start: those that the file wants, and those that a plan may add */
export function modelsOf(vm: VmFile): string[] {
  return [...new Set([...wantedModels(vm).map(({ model }) => model), 'qemu-xhci', 'usb-hub', 'usb-host'])];
}

/**
 * Compares a file with its QEMU's models: builds omit devices, and distributions put some into separate packages.
 *
 * @returns a finding for each wanted model that QEMU lacks; for a missing `usb-host` also if the file wants no host device
 */
export function checkModels(vm: VmFile, binary: string, capabilities: Capabilities | undefined): Finding[] {
  if (capabilities === undefined) return [];
  const found = wantedModels(vm).flatMap(({ model, pointer }): Finding[] => {
    if (mayHave(capabilities, model)) return [];
    const evidence = { binary, model, nearest: nearestController(capabilities, model) };
    return [finding('qemu-no-model', evidence, { location: pointer && vm.locate(pointer) })];
  });
  if (mayHave(capabilities, 'usb-host')) return found;
  const wanted = vm.usb.devices.some(({ kind }) => kind === 'host');
  const severity = wanted ? 'error' : 'warning';
  return [...found, finding('qemu-no-usb-host', { binary, package: 'qemu-system-common' }, { severity })];
}

/** Each wanted model once, with its position in the file if it has one. */
function wantedModels(vm: VmFile): { readonly model: string; readonly pointer: Pointer | undefined }[] {
  const pointers = new Map((vm.usb.controllers ?? []).map(({ id, pointer }) => [id, pointer] as const));
  const wanted = [
    ...chooseControllers(vm).map(({ id, model, masterbus }) => ({
      model,
      pointer: pointers.get(masterbus?.replace(/\.0$/, '') ?? id),
    })),
    ...vm.usb.hubs.map(({ pointer }) => ({ model: 'usb-hub', pointer })),
    ...emulatedOf(vm),
  ];
  return wanted.filter(({ model }, i) => wanted.findIndex((other) => other.model === model) === i);
}

function emulatedOf(vm: VmFile): { readonly model: string; readonly pointer: Pointer }[] {
  return vm.usb.devices.flatMap((wish) =>
    wish.kind === 'emulated' ? [{ model: wish.model, pointer: [...wish.pointer, 'emulated'] }] : [],
  );
}
