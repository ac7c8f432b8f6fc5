import { writeFileSync } from 'node:fs';
import { type Finding, finding } from '../../diag/index.js';
import { parseInterfaceName } from '../names/index.js';
import type { BoundInterface, HostDevice } from '../usb-device.js';
import { readInterfaces } from './interfaces.js';
import { DEVICES, type SysfsReader } from './sysfs-reader.js';

/** All that we write to sysfs. Each throws the system's error. */
export interface DriverControl {
  /** Where `probe` writes, for messages. */
  readonly path: string;
  /** Asks the kernel to find a driver for an interface. */
  probe(interfaceName: string): void;
  /** Gives an interface to a driver. */
  bind(interfaceName: string, driver: string): void;
  /** Takes an interface from its driver. */
  unbind(interfaceName: string, driver: string): void;
}

/** @param root - of sysfs */
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

/** Who drove each interface of a device: its name, and its driver or null. */
export type Bindings = readonly (readonly [interfaceName: string, driver: string | null])[];

/** @returns the drivers of a device's interfaces as something that can be kept. A program that claimed one is no driver. */
export function bindingsOf({ interfaces }: Pick<HostDevice, 'interfaces'>): Bindings {
  return interfaces.map((one) => [one.name, hasKernelDriver(one) ? (one.driver ?? null) : null]);
}

/**
 * @param before - as it is to be
 * @returns the interfaces that are driven otherwise now; none when the device is gone, or has other interfaces
 */
export function bindingsAmiss(reader: SysfsReader, port: string, before: Bindings): readonly BoundInterface[] {
  const wanted = new Map(before);
  return driverBindings(reader, port).filter((now) => {
    const was = wanted.get(now.name);
    return was !== undefined && was !== (now.driver ?? null);
  });
}

/**
 * Gives the interfaces of a device to those who drove them before, as far as they are driven otherwise: one that had a driver gets
 * that one, one that had none is left without. What a program has claimed by usbfs is left to it.
 *
 * @returns a finding for each one that the system refused
 */
export function rebind(
  reader: SysfsReader,
  control: DriverControl,
  port: string,
  before: Bindings,
): readonly Finding[] {
  const findings: Finding[] = [];
  for (const [name, driver] of before) {
    // looked at anew each time: a driver of several interfaces (cdc_acm, snd-usb-audio) takes all of them with the first
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

/** A driver whose module was unloaded meanwhile is found by asking. */
function bindOrProbe(control: DriverControl, name: string, driver: string): void {
  try {
    control.bind(name, driver);
  } catch {
    control.probe(name);
  }
}
