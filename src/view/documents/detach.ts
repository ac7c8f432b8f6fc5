import type { HostDevice } from '../../host/index.js';
import type { DetachedReport, DetachReport, VmAndFileChange } from '../../vm/index.js';
import { hostDeviceSummary } from './host-device.js';
import { changedDocument } from './vm-file.js';

/** For programs: what was detached, and which drivers the host now has for it. */
export function detachDocument(report: DetachReport & VmAndFileChange): Record<string, unknown> {
  return { vm: report.vm, devices: report.devices.map(detachedDocument), ...changedDocument(report) };
}

function detachedDocument({ id, bus, port, hostDevice }: DetachedReport): Record<string, unknown> {
  return {
    id,
    bus,
    port: port ?? null,
    host: hostDevice === undefined ? null : { ...hostDeviceSummary(hostDevice), drivers: driversOf(hostDevice) },
  };
}

/** @returns the drivers of a device's interfaces, each once */
export function driversOf({ interfaces }: Pick<HostDevice, 'interfaces'>): string[] {
  return [...new Set(interfaces.flatMap(({ driver }) => driver ?? []))];
}
