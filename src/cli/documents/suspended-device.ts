import type { SuspendedDevice } from '../../registry/index.js';

/** A device that the host has while its VM is suspended, for programs. */
export function suspendedDeviceDocument(device: SuspendedDevice): Record<string, unknown> {
  const { id, label, hostPort, bus, port, whenMissing, guardOff } = device;
  return { id, label, hostPort, bus, port, whenMissing, guardOff };
}
