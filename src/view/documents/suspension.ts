import type { SuspendedDevice } from '../../registry/index.js';
import type { ResumedDevice, ResumeReport, SuspendReport } from '../../vm/index.js';

/** For programs: what the host has while a VM is suspended. */
export function suspendDocument({ vm, already, devices }: SuspendReport): Record<string, unknown> {
  return { vm, already, devices: devices.map(suspendedDeviceDocument) };
}

/** For programs: what a resumed VM got back. */
export function resumeDocument({ vm, already, devices }: ResumeReport): Record<string, unknown> {
  return { vm, already, devices: devices.map(resumedDeviceDocument) };
}

function suspendedDeviceDocument(device: SuspendedDevice): Record<string, unknown> {
  const { id, label, hostPort, bus, port, whenMissing, guardOff } = device;
  return { id, label, hostPort, bus, port, whenMissing, guardOff };
}

function resumedDeviceDocument(device: ResumedDevice): Record<string, unknown> {
  return { ...suspendedDeviceDocument(device), back: device.back };
}
