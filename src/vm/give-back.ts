import { Deadline, DeadlineReached, poll } from '../base/index.js';
import { type Finding, finding } from '../diag/index.js';
import {
  awaitDrivers,
  type BoundInterface,
  driverBindings,
  driversFinding,
  type HostDevice,
  hasKernelDriver,
  probeDrivers,
} from '../host/index.js';
import type { HostAccess } from './host-access.js';
import { labelOf } from './wanted.js';

/** ms that drivers get to come back by themselves: libusb has asked the kernel to probe, which takes a few ms. */
const BY_THEMSELVES = 1500;

/** ms that they get when qplug has asked the kernel itself. */
const WHEN_ASKED = 3500;

/** Interface classes that the kernel has a driver for on every ordinary system: audio, CDC, HID, printer, storage, video. */
const KERNEL_DRIVEN = [0x01, 0x02, 0x03, 0x07, 0x08, 0x0e];

/**
 * Sees to it that devices which a VM did not get after all have the drivers that they had before. Where they don't come
 * by themselves (QEMU was killed, so that libusb could not give them back) the kernel is asked to probe.
 *
 * @param before - the devices as they were before QEMU was asked for them
 * @returns a finding for each device that lacks a driver all the same
 */
export async function restoreDrivers(before: readonly HostDevice[], host: HostAccess): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const device of before) {
    if (await haveDrivers(device, host, BY_THEMSELVES)) continue;
    findings.push(...probeDrivers(host.sysfs, host.driverProbe, device.port));
    using deadline = new Deadline(WHEN_ASKED);
    const outcome = await awaitDrivers(host.sysfs, device, { deadline });
    findings.push(...[driversFinding(device, outcome, BY_THEMSELVES + WHEN_ASKED)].filter((one) => one !== undefined));
  }
  return findings;
}

async function haveDrivers(device: HostDevice, host: HostAccess, timeout: number): Promise<boolean> {
  using deadline = new Deadline(timeout);
  return (await awaitDrivers(host.sysfs, device, { deadline })).lacking.length === 0;
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
      probeDrivers(host.sysfs, host.driverProbe, device.port);
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
