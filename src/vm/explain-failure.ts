import { fail } from '../diag/index.js';
import type { HostInventory } from '../host/index.js';
import { QmpCommandError } from '../qmp/index.js';
import type { Step } from './step.js';
import type { Wanted } from './wanted.js';

/**
 * Says why QEMU refused a device. QEMU's own words don't tell a missing right from a device that is held, or gone: the host does.
 * Its texts: hw/usb/host-libusb.c, usb_host_realize.
 *
 * @param lastLines - what QEMU printed last, where that can be read
 * @returns the error to throw; anything but a refused `device_add` comes back as it is
 */
export function explainFailure(
  error: unknown,
  step: Step,
  wanted: readonly Pick<Wanted, 'id' | 'host'>[],
  now: HostInventory,
  lastLines: readonly string[],
): unknown {
  if (!(error instanceof QmpCommandError) || step.do !== 'add') return error;
  const host = wanted.find((one) => one.id === step.device.id)?.host;
  if (host === undefined) {
    return fail('device-add-refused', { label: step.label, desc: error.desc, lastLines }, { cause: error });
  }
  const still = now.devices.some((one) => one.bus === host.bus && one.address === host.address);
  if (!still) return fail('device-gone', { label: step.label, port: host.port }, { cause: error });
  if (/^failed to (open|find) host usb device/.test(error.desc)) {
    return fail('device-open-failed', { label: step.label, node: host.node, lastLines }, { cause: error });
  }
  return fail('device-add-refused', { label: step.label, desc: error.desc, lastLines }, { cause: error });
}
