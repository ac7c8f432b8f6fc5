import { Deadline, DeadlineReached, poll } from '../base/index.js';
import { type Finding, finding } from '../diag/index.js';
import {
  type Bindings,
  type BoundInterface,
  bindingsAmiss,
  driverBindings,
  type HostDevice,
  hasKernelDriver,
  labelOf,
  probeDrivers,
  rebind,
} from '../host/index.js';
import type { HostAccess } from './host-access.js';

/** ms that drivers get to come back by themselves: libusb has asked the kernel to probe, which takes a few ms. */
const BY_THEMSELVES = 1500;

/** ms that they get when qplug has asked the kernel itself. */
const WHEN_ASKED = 3500;

/** Interface classes that the kernel has a driver for on every ordinary system: audio, CDC, HID, printer, storage, video. */
const KERNEL_DRIVEN = [0x01, 0x02, 0x03, 0x07, 0x08, 0x0e];

/**
 * Gives a device back to the host as it was before a VM had it: each interface with the driver that it had, and without one where
 * it had none. What does not come by itself (QEMU was killed, so that libusb could not give it back) is asked of the kernel.
 *
 * @param before - who drove its interfaces
 * @returns a finding for what is driven otherwise all the same
 */
export async function giveBack(device: HostDevice, before: Bindings, host: HostAccess): Promise<Finding[]> {
  if (await areAsBefore(device, before, host, BY_THEMSELVES)) return [];
  const findings = [...rebind(host.sysfs, host.drivers, device.port, before)];
  if (await areAsBefore(device, before, host, WHEN_ASKED)) return [];
  const lacking = bindingsAmiss(host.sysfs, device.port, before).map((one) => one.name);
  if (lacking.length > 0) {
    const evidence = { label: labelOf(device), interfaces: lacking };
    findings.push(finding('driver-not-back', evidence, { severity: 'warning' }));
  }
  return findings;
}

async function areAsBefore(device: HostDevice, before: Bindings, host: HostAccess, timeout: number): Promise<boolean> {
  using deadline = new Deadline(timeout);
  const right = (): true | undefined =>
    bindingsAmiss(host.sysfs, device.port, before).length === 0 ? true : undefined;
  try {
    return await poll(right, { interval: 20, signal: deadline.signal });
  } catch (error) {
    if (!(error instanceof DeadlineReached)) throw error;
    return false;
  }
}

/**
 * Sees to it that devices which left a VM are the host's again: nothing of them is claimed by usbfs any more, and what
 * the kernel has drivers for has one.
 *
 * @param left - the devices, as they were in the VM
 * @returns a warning for each that is still without
 */
export async function awaitHostDrivers(left: readonly HostDevice[], host: HostAccess): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const device of left) {
    let lacking = await lackingAfter(device, host, BY_THEMSELVES);
    if (lacking.length > 0) {
      probeDrivers(host.sysfs, host.drivers, device.port);
      lacking = await lackingAfter(device, host, WHEN_ASKED);
    }
    if (lacking.length > 0) {
      const interfaces = lacking.map((one) => one.name);
      findings.push(finding('driver-not-back', { label: labelOf(device), interfaces }, { severity: 'warning' }));
    }
  }
  return findings;
}

/** @returns the interfaces that ought to have a driver of the kernel and still have none after `timeout` ms */
async function lackingAfter(device: HostDevice, host: HostAccess, timeout: number): Promise<BoundInterface[]> {
  const lacking = (): BoundInterface[] =>
    driverBindings(host.sysfs, device.port).filter(
      (one) => !hasKernelDriver(one) && (one.driver === 'usbfs' || KERNEL_DRIVEN.includes(one.class)),
    );
  using deadline = new Deadline(timeout);
  try {
    await poll(() => (lacking().length === 0 ? true : undefined), { interval: 20, signal: deadline.signal });
    return [];
  } catch (error) {
    if (!(error instanceof DeadlineReached)) throw error;
    return lacking();
  }
}
