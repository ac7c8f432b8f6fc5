import { type Finding, finding, throwErrors } from '../../diag/index.js';
import type { HostDevice } from '../../host/index.js';
import { type Capabilities, emulatedModel, mayHave } from '../../qdev/index.js';

/** The QOM type of a passed-through device. */
export const HOST_DEVICE_MODEL = 'usb-host';

/** @returns the QOM types that QEMU must have for these devices; without names of unknown emulated devices */
export function neededModels(devices: readonly HostDevice[], emulated: readonly string[] = []): string[] {
  return [...(devices.length > 0 ? [HOST_DEVICE_MODEL] : []), ...emulated.filter(emulatedModel)];
}

/**
 * @param vm - the VM's name
 * @throws QplugError `qemu-no-usb-host`, `qemu-no-model`: for each model that its QEMU lacks
 */
export function requireModels(vm: string, models: readonly string[], capabilities: Capabilities): void {
  throwErrors(models.filter((model) => !mayHave(capabilities, model)).map((model) => modelMissing(vm, model)));
}

function modelMissing(vm: string, model: string): Finding {
  if (model === HOST_DEVICE_MODEL) return finding('qemu-no-usb-host', { binary: vm, package: 'qemu-system-common' });
  return finding('qemu-no-model', { binary: vm, model, nearest: undefined });
}
