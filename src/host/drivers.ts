import { writeFileSync } from 'node:fs';
import { type Deadline, poll } from '../base/index.js';
import { type Finding, finding } from '../diag/index.js';
import { readInterfaces } from './interfaces.js';
import { parseInterfaceName } from './port-name.js';
import { DEVICES, type SysfsReader } from './sysfs-reader.js';
import type { BoundInterface, HostDevice } from './usb-device.js';

/** The one thing that we write to sysfs. */
export interface DriverProbe {
  /** Where it writes, for messages. */
  readonly path: string;
  /** Asks the kernel to find a driver for an interface. Throws the system's error. */
  probe(interfaceName: string): void;
}

/** @param root - of sysfs */
export function kernelDriverProbe(root = '/sys'): DriverProbe {
  const path = `${root}/bus/usb/drivers_probe`;
  return { path, probe: (name) => writeFileSync(path, name) };
}

/**
 * @param port - the device's sysfs name
 * @returns its interfaces and their drivers as they are now; none when the device is gone or not configured
 */
export function driverBindings(reader: SysfsReader, port: string): readonly BoundInterface[] {
  const names = (reader.list(DEVICES) ?? []).filter((name) => parseInterfaceName(name)?.device === port);
  return readInterfaces(reader, names).get(port) ?? [];
}

/** @returns whether a driver of the kernel has it. `usbfs` stands for a program that claimed it (drivers/usb/core/devio.c). */
export function hasKernelDriver(bound: BoundInterface): boolean {
  return bound.driver !== undefined && bound.driver !== 'usbfs';
}

/**
 * Asks the kernel to find drivers for those of a device's interfaces that have none now (bus_rescan_devices in
 * drivers/base/bus.c). An interface that somebody else claimed is left alone.
 *
 * @returns a finding `driver-probe-failed` for each one that it refused; empty when all went well
 */
export function probeDrivers(reader: SysfsReader, probe: DriverProbe, port: string): readonly Finding[] {
  const findings: Finding[] = [];
  for (const bound of driverBindings(reader, port)) {
    if (bound.driver !== undefined) continue;
    try {
      probe.probe(bound.name);
    } catch (error) {
      const reason = (error as Error).message;
      findings.push(finding('driver-probe-failed', { interface: bound.name, path: probe.path, reason }));
    }
  }
  return findings;
}

/** How the host's drivers stand after a device was given back. */
export interface DriverReturn {
  /** Interfaces that had a driver of the kernel before and have none now, with the name of the driver that they had. */
  readonly lacking: readonly { readonly interface: string; readonly driver: string }[];
  /** The device is not plugged in any more, so nothing is lacking. */
  readonly gone: boolean;
}

/** How long to wait: `deadline` ends it, `interval` ms (default 20) lie between two looks. */
export interface DriverWait {
  readonly deadline: Deadline;
  readonly interval?: number | undefined;
}

/**
 * Waits until the interfaces of a device that had a driver of the kernel have one again. The deadline is no error here: what
 * still lacks one is returned, and `drivers-not-back` is the finding for it.
 *
 * @param before - the device as it was before it was taken
 * @throws the reason of the deadline's signal when the caller gave up
 */
export async function awaitDrivers(reader: SysfsReader, before: HostDevice, wait: DriverWait): Promise<DriverReturn> {
  const settled = (): DriverReturn | undefined => {
    const now = driversNow(reader, before);
    return now.lacking.length === 0 ? now : undefined;
  };
  try {
    return await poll(settled, { interval: wait.interval ?? 20, signal: wait.deadline.signal });
  } catch (error) {
    if (!wait.deadline.reached) throw error;
    return driversNow(reader, before);
  }
}

function driversNow(reader: SysfsReader, before: HostDevice): DriverReturn {
  if (reader.text(`${DEVICES}/${before.port}/devnum`) === undefined) return { lacking: [], gone: true };
  const now = new Map(driverBindings(reader, before.port).map((one) => [one.name, one]));
  const lacking: { interface: string; driver: string }[] = [];
  for (const had of before.interfaces) {
    const has = now.get(had.name);
    if (had.driver === undefined || !hasKernelDriver(had) || (has !== undefined && hasKernelDriver(has))) continue;
    lacking.push({ interface: had.name, driver: had.driver });
  }
  return { lacking, gone: false };
}

/** @returns the finding for what `awaitDrivers` found lacking, or undefined when nothing is */
export function driversFinding(before: HostDevice, outcome: DriverReturn, timeout: number): Finding | undefined {
  if (outcome.lacking.length === 0) return undefined;
  return finding('drivers-not-back', { device: before.port, lacking: outcome.lacking, timeout });
}
