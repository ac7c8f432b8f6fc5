import type { Pointer, VmFile } from '../../config/index.js';
import { type Finding, finding } from '../../diag/index.js';
import { type Capabilities, mayHave, nearestController } from '../../qdev/index.js';
import { chooseControllers } from '../command-line/index.js';

/** @returns the device models to ask a QEMU for before it runs a file: those that the file wants, and that a plan may add */
export function modelsOf(vm: VmFile): string[] {
  return [...new Set([...wantedModels(vm).map(({ model }) => model), 'qemu-xhci', 'usb-hub', 'usb-host'])];
}

/**
 * Holds a file against what its QEMU has: builds leave devices out, and distributions put some into packages of their own.
 *
 * @returns a finding for each model that is wanted and not there; a missing `usb-host` is told also where no host device is wanted
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

/** Each model that QEMU will be asked to make, once, with its place in the file where it has one. */
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
