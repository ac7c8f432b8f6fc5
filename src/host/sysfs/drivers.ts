import { writeFileSync } from 'node:fs';
import { type Finding, finding } from '../../diag/index.js';
import { parseInterfaceName } from '../names/index.js';
import type { BoundInterface, HostDevice } from '../usb-device.js';
import { readInterfaces } from './interfaces.js';
import { DEVICES, type SysfsReader } from './sysfs-reader.js';

/** All writes to sysfs. Each throws the system's error. */
export interface DriverControl {
  /** The path that `probe` writes to, for messages. */
  readonly path: string;
  /** Asks the kernel to find a driver for an interface. */
  probe(interfaceName: string): void;
  /** Binds an interface to a driver. */
  bind(interfaceName: string, driver: string): void;
  /** Unbinds an interface from its driver. */
  unbind(interfaceName: string, driver: string): void;
}

/** @param root - the root folder of sysfs */
export function kernelDrivers(root = '/sys'): DriverControl {
  const path = `${root}/bus/usb/drivers_probe`;
  const at = (driver: string, file: string): string => {
    if (!/^[^/]+$/.test(driver) || driver.startsWith('.')) throw new Error(`no name of a driver: ${driver}`);
    return `${root}/bus/usb/drivers/${driver}/${file}`;
  };
  return {
    path,
    probe: (name) => writeFileSync(path, name),
    bind: (name, driver) => writeFileSync(at(driver, 'bind'), name),
    unbind: (name, driver) => writeFileSync(at(driver, 'unbind'), name),
  };
}

/**
 * @param port - the device's sysfs name
 * @returns its interfaces and their present drivers; none if the device is gone or not configured
 */
export function driverBindings(reader: SysfsReader, port: string): readonly BoundInterface[] {
  const names = (reader.list(DEVICES) ?? []).filter((name) => parseInterfaceName(name)?.device === port);
  return readInterfaces(reader, names).get(port) ?? [];
}

/** @returns whether a kernel driver is bound to the interface; `usbfs` means that a program claimed it (drivers/usb/core/devio.c) */
export function hasKernelDriver(bound: BoundInterface): boolean {
  return bound.driver !== undefined && bound.driver !== 'usbfs';
}

/**
 * Asks the kernel to find drivers for the interfaces of a device that have none now (bus_rescan_devices in drivers/base/bus.c). Leaves an
 * interface alone if a program claimed it.
 *
 * @returns a finding `driver-probe-failed` for each interface that the kernel refused
 */
export function probeDrivers(reader: SysfsReader, probe: DriverControl, port: string): readonly Finding[] {
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

/** The interfaces of a device, each with its name and its driver, or null for no driver. */
export type Bindings = readonly (readonly [interfaceName: string, driver: string | null])[];

/** @returns the drivers of a device's interfaces as plain data. A program that claimed one does not count as a driver. */
export function bindingsOf({ interfaces }: Pick<HostDevice, 'interfaces'>): Bindings {
  return interfaces.map((one) => [one.name, hasKernelDriver(one) ? (one.driver ?? null) : null]);
}

/**
 * @param before - the required drivers
 * @returns the interfaces whose driver differs now; none if the device is gone, or has other interfaces
 */
export function bindingsAmiss(reader: SysfsReader, port: string, before: Bindings): readonly BoundInterface[] {
  const wanted = new Map(before);
  return driverBindings(reader, port).filter((now) => {
    const was = wanted.get(now.name);
    return was !== undefined && was !== (now.driver ?? null);
  });
}

/**
 * Restores the drivers of a device's interfaces where they differ: an interface that had a driver gets it back, and one that had none loses
 * its driver. Leaves an interface alone if a program claimed it through usbfs.
 *
 * @returns a finding for each interface that the system refused
 */
export function rebind(
  reader: SysfsReader,
  control: DriverControl,
  port: string,
  before: Bindings,
): readonly Finding[] {
  const findings: Finding[] = [];
  for (const [name, driver] of before) {
    // read again each time, because a driver of several interfaces (cdc_acm, snd-usb-audio) binds all of them with the first
    const now = bindingsAmiss(reader, port, before).find((one) => one.name === name);
    if (now === undefined || now.driver === 'usbfs') continue;
    try {
      if (now.driver !== undefined) control.unbind(name, now.driver);
      if (driver !== null) bindOrProbe(control, name, driver);
    } catch (error) {
      const reason = (error as Error).message;
      findings.push(finding('driver-probe-failed', { interface: name, path: control.path, reason }));
    }
  }
  return findings;
}

/** Probing finds a driver whose module was unloaded in the meantime. */
function bindOrProbe(control: DriverControl, name: string, driver: string): void {
  try {
    control.bind(name, driver);
  } catch {
    control.probe(name);
  }
}
