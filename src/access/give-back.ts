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

/** ms for drivers to bind by themselves: libusb has asked the kernel to probe, which takes a few ms. */
const DRIVER_RETURN_TIMEOUT = 1500;

/** ms for drivers to bind after qplug itself has asked the kernel. */
const DRIVER_PROBE_TIMEOUT = 3500;

/** Interface classes that the kernel has a driver for on every ordinary system: audio, CDC, HID, printer, storage, video. */
const KERNEL_DRIVEN = [0x01, 0x02, 0x03, 0x07, 0x08, 0x0e];

/**
 * Returns a device to the host as it was before a VM had it: each interface gets its former driver, or none if it had none. If a driver
 * does not bind by itself (QEMU was killed, so libusb could not release the interface), asks the kernel.
 *
 * @param before - the former drivers of its interfaces
 * @returns a finding for the interfaces whose driver still differs
 */
export async function giveBack(device: HostDevice, before: Bindings, host: HostAccess): Promise<Finding[]> {
  if (await areAsBefore(device, before, host, DRIVER_RETURN_TIMEOUT)) return [];
  const findings = [...rebind(host.sysfs, host.drivers, device.port, before)];
  if (await areAsBefore(device, before, host, DRIVER_PROBE_TIMEOUT)) return [];
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
 * Makes sure that the host has the devices again that left a VM: usbfs holds no interface, and each interface for which the kernel has a
 * driver is bound.
 *
 * @param left - the devices, as they were in the VM
 * @returns a warning for each device that still lacks a driver
 */
export async function awaitHostDrivers(left: readonly HostDevice[], host: HostAccess): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const device of left) {
    let lacking = await lackingAfter(device, host, DRIVER_RETURN_TIMEOUT);
    if (lacking.length > 0) {
      probeDrivers(host.sysfs, host.drivers, device.port);
      lacking = await lackingAfter(device, host, DRIVER_PROBE_TIMEOUT);
    }
    if (lacking.length > 0) {
      const interfaces = lacking.map((one) => one.name);
      findings.push(finding('driver-not-back', { label: labelOf(device), interfaces }, { severity: 'warning' }));
    }
  }
  return findings;
}

/** @returns the interfaces that should have a kernel driver and still lack one after `timeout` ms */
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
