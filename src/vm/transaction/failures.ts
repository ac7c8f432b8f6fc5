import { keyOf } from '../../access/index.js';
import { addFindings, describe, type Finding, fail, finding, printable, QplugError } from '../../diag/index.js';
import type { HostInventory } from '../../host/index.js';
import { QmpClosedError, QmpCommandError } from '../../qmp/index.js';
import { sameKey } from '../../registry/index.js';
import type { AddStep, Step } from '../steps/index.js';

/** The VM that refused a step. */
interface Refusing {
  readonly name: string;
  lastLines(): Promise<readonly string[]>;
}

/**
 * Explains why a step failed. QEMU's message about a refused device is the same for a missing permission, a busy device and an absent one
 * (its texts: hw/usb/host-libusb.c, usb_host_realize), so qplug looks at the host. For a partly loaded state it adds what happened to the
 * guest.
 *
 * @param now - reads the host
 * @returns the error to throw; every error other than a refused `device_add` or a failed load is returned unchanged
 */
export async function explainFailure(
  error: unknown,
  step: Step,
  vm: Refusing,
  now: () => HostInventory,
): Promise<unknown> {
  if (step.do === 'add' && error instanceof QmpCommandError) return await explainRefusal(error, step, vm, now);
  if (step.do === 'load-state') return await explainLoad(error, step.tag, vm);
  return error;
}

async function explainRefusal(
  error: QmpCommandError,
  { device: { driver, properties }, label, hostPort = '', identity }: AddStep,
  vm: Refusing,
  now: () => HostInventory,
): Promise<unknown> {
  const { hostbus, hostaddr } = properties;
  if (driver !== 'usb-host' || hostbus === undefined) {
    return fail('device-add-refused', { label, desc: error.desc, lastLines: await vm.lastLines() }, { cause: error });
  }
  const inventory = now();
  const device = inventory.devices.find(({ bus, address }) => bus === hostbus && address === hostaddr);
  if (device === undefined || (identity !== undefined && !sameKey(keyOf(device, inventory), identity))) {
    return fail('device-gone', { label, port: hostPort }, { cause: error });
  }
  const lastLines = await vm.lastLines();
  if (/^failed to (open|find) host usb device/.test(error.desc)) {
    return fail('device-open-failed', { label, node: device.node, lastLines }, { cause: error });
  }
  return fail('device-add-refused', { label, desc: error.desc, lastLines }, { cause: error });
}

/** @returns QEMU's message, followed by the finding about the guest */
async function explainLoad(error: unknown, tag: string, vm: Refusing): Promise<unknown> {
  if (!(error instanceof QplugError) || error instanceof QmpClosedError || error instanceof QmpCommandError)
    return error;
  const [first] = error.findings;
  const lastLines = await vm.lastLines();
  const told = first.code === 'snapshot-failed' ? fail(first.code, { ...first.evidence, lastLines }) : error;
  return addFindings(told, fail('snapshot-half-loaded', { vm: vm.name, tag }).findings);
}

/** @returns the warning that a host device could not be plugged into its VM again */
export function notBack({ device: { properties }, label, hostPort }: AddStep, vm: string, error: unknown): Finding {
  const { bus, port } = properties;
  const evidence = {
    label,
    vm,
    selector: hostPort ?? '',
    bus: String(bus),
    port: String(port),
    reason: reasonOf(error),
  };
  return finding('device-not-back', evidence, { severity: 'warning' });
}

function reasonOf(error: unknown): string {
  if (!(error instanceof QplugError)) return printable(error instanceof Error ? error.message : String(error));
  const { what, why } = describe(error.findings[0]);
  return why === undefined ? what : `${what}: ${why}`;
}
